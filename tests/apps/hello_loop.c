/* A loop app that never blocks: answers with the request's body, or with a text if there is none.
 * For the benchmarks. */
#include <alicorn/app.h>

static int32_t on_request(alicorn_request* request) {
  const alicorn_string hello = alicorn_text("Hello, world\n");
  return alicorn_respond(request, 200, "text/plain",
                         request->body.size > 0 ? request->body : hello);
}
ALICORN_APP(ALICORN_APP_PRELOAD_SAFE, .run_model = ALICORN_RUN_LOOP,
            .name = ALICORN_LITERAL("hello_loop"), .on_request = on_request);
