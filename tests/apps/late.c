/* Its worker_init takes 700 ms, so a test can act before it serves. */
#include <alicorn/app.h>
#include <time.h>

static int32_t worker_init(const alicorn_host* host, const alicorn_worker* worker, void* app_state,
                           void** worker_state) {
  (void)host, (void)worker, (void)app_state, (void)worker_state;
  struct timespec left = {0, 700 * 1000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) continue;
  return ALICORN_OK;
}
static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("at last\n"));
}
ALICORN_APP(0, .worker_init = worker_init, .on_request = on_request);
