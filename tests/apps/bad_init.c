/* An app whose worker_init fails. */
#include <alicorn/app.h>

static int32_t worker_init(const alicorn_host* host, const alicorn_worker* worker, void* app_state,
                           void** worker_state) {
  (void)worker, (void)app_state, (void)worker_state;
  host->log(host, 0, ALICORN_LOG_ERROR, alicorn_text("the database is not there"), NULL, 0);
  return ALICORN_ERROR;
}
static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("never\n"));
}
ALICORN_APP(0, .worker_init = worker_init, .on_request = on_request);
