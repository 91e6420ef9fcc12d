/* Needs a minor version that no server has. Loading it ends the process. */
#define ALICORN_MINIMUM_MINOR 999
#include <alicorn/app.h>
#include <stdlib.h>

__attribute__((constructor)) static void loaded(void) {
  abort();
}

static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("never\n"));
}
ALICORN_APP(0, .on_request = on_request);
