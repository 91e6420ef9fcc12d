/* An app whose worker_init follows a null pointer. */
#include <alicorn/app.h>

/* A sanitizer would end the process with an exit code instead of the signal. */
__attribute__((no_sanitize("undefined"))) static int32_t worker_init(const alicorn_host* host,
                                                                     const alicorn_worker* worker,
                                                                     void* app_state,
                                                                     void** worker_state) {
  (void)host, (void)worker, (void)app_state, (void)worker_state;
  volatile int* volatile nowhere = NULL;
  *nowhere = 1;
  return ALICORN_OK;
}
static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("never\n"));
}
ALICORN_APP(0, .worker_init = worker_init, .on_request = on_request);
