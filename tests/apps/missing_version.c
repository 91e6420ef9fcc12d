/* Was linked to a newer version of a library than the one that is found. */
#include <alicorn/app.h>

int versioned(void);

static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200 + versioned(), "text/plain", alicorn_text("never\n"));
}
ALICORN_APP(0, .on_request = on_request);
