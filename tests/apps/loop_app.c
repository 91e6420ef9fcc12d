/* Runs on the I/O thread: ALICORN_RUN_LOOP. Answers with the size of the body. */
#include <alicorn/app.h>
#include <stdio.h>

static int32_t on_request(alicorn_request* request) {
  char text[32];
  int size = snprintf(text, sizeof(text), "%zu\n", request->body.size);
  return alicorn_respond(request, 200, "text/plain", (alicorn_string){text, (size_t)size});
}
ALICORN_APP(0, .run_model = ALICORN_RUN_LOOP, .name = ALICORN_LITERAL("loop_app"),
            .on_request = on_request);
