/* Calls a function that no library has. */
#include <alicorn/app.h>

int nowhere_at_all(int number);

static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, nowhere_at_all(200), "text/plain", alicorn_text("never\n"));
}
ALICORN_APP(0, .on_request = on_request);
