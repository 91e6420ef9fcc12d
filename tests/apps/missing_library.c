/* Needs a library that cannot be found: see CMakeLists.txt. */
#include <alicorn/app.h>

int nowhere_to_be_found(void);

static int32_t on_request(alicorn_request* request) {
  return nowhere_to_be_found() +
         alicorn_respond(request, 200, "text/plain", alicorn_text("never\n"));
}
ALICORN_APP(0, .on_request = on_request);
