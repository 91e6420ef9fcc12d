/* Is not ready until there is a file "ready" in the working directory. With a file "slow" it takes
 * 1.5 s to say so. Logs its worker_exit. */
#include <alicorn/app.h>
#include <time.h>
#include <unistd.h>

static const alicorn_host* host;

static int32_t worker_init(const alicorn_host* the_host, const alicorn_worker* worker,
                           void* app_state, void** worker_state) {
  (void)worker, (void)app_state, (void)worker_state;
  host = the_host;
  return ALICORN_OK;
}
static int32_t ready(void* worker_state) {
  static int is_told;
  (void)worker_state;
  if (access("slow", F_OK) == 0) {
    struct timespec left = {1, 500000000};
    host->log(host, 0, ALICORN_LOG_INFO, alicorn_text("unready: asked"), NULL, 0);
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) continue;
  }
  if (access("ready", F_OK) == 0) return ALICORN_OK;
  if (!is_told) host->log(host, 0, ALICORN_LOG_INFO, alicorn_text("unready: not yet"), NULL, 0);
  is_told = 1;
  return ALICORN_ERROR;
}
static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("ready\n"));
}
static void worker_exit(void* worker_state) {
  (void)worker_state;
  host->log(host, 0, ALICORN_LOG_INFO, alicorn_text("unready: worker_exit"), NULL, 0);
}
ALICORN_APP(0, .name = ALICORN_LITERAL("unready"), .worker_init = worker_init, .ready = ready,
            .on_request = on_request, .worker_exit = worker_exit);
