/* Blocks its worker's loop for as long as it lives, although it promises never to block. */
#include <alicorn/app.h>
#include <unistd.h>

static int32_t on_request(alicorn_request* request) {
  while (request != NULL) pause();
  return ALICORN_OK;
}
ALICORN_APP(0, .run_model = ALICORN_RUN_LOOP, .name = ALICORN_LITERAL("hang_loop"),
            .on_request = on_request);
