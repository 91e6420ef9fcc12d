/* Has ABI 9. Loading it ends the process: none of its code may run. */
#include <alicorn/app.h>
#undef ALICORN_ABI_MAJOR
#define ALICORN_ABI_MAJOR 9

#include <stdlib.h>

__attribute__((constructor)) static void loaded(void) {
  abort();
}

static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("never\n"));
}
ALICORN_APP(0, .on_request = on_request);
