/* An app whose entry point has another name: serve it as wrong_symbol.so:other_entry. */
#define alicorn_app_entry other_entry
#include <alicorn/app.h>

static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("by the other door\n"));
}
ALICORN_APP(0, .on_request = on_request);
