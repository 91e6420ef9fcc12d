/* An app whose preload fails. */
#include <alicorn/app.h>

static int32_t preload(const alicorn_host* host, void** app_state) {
  (void)app_state;
  host->log(host, 0, ALICORN_LOG_ERROR, alicorn_text("the model is not there"), NULL, 0);
  return ALICORN_ERROR;
}
static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("never\n"));
}
ALICORN_APP(0, .preload = preload, .on_request = on_request);
