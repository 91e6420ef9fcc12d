/* Answers with the request's body, which it gets as a whole: what the benchmarks send 16 KiB to. */
#include <alicorn/app.h>

static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "application/octet-stream", request->body);
}
ALICORN_APP(ALICORN_APP_PRELOAD_SAFE, .name = ALICORN_LITERAL("body_back"),
            .on_request = on_request);
