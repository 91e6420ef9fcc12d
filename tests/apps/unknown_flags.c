/* Sets a flag that no server knows. Loading it ends the process. */
#include <alicorn/app.h>
#include <stdlib.h>

__attribute__((constructor)) static void loaded(void) {
  abort();
}

static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("never\n"));
}
ALICORN_APP(1u << 30, .on_request = on_request);
