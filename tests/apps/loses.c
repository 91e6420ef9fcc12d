/* /lose defers and never answers; anything else is answered at once. */
#include <alicorn/app.h>

static int32_t on_request(alicorn_request* request) {
  if (alicorn_equals(request->path, "/lose")) return request->host->defer(request, NULL, NULL);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("not lost\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("loses"), .on_request = on_request);
