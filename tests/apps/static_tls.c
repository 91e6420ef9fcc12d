/* Needs more static TLS than the loader has left. */
#include <alicorn/app.h>

static __thread char large[65536] __attribute__((tls_model("initial-exec")));

static int32_t on_request(alicorn_request* request) {
  large[sizeof large - 1] = 'x';
  return alicorn_respond(request, 200, "text/plain", alicorn_text("never\n"));
}
ALICORN_APP(0, .on_request = on_request);
