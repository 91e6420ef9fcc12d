/* Logs each callback of its life, "lifecycle: worker_init" and so on (ready only once), and every
 * request at debug level. /sleep?ms=N blocks the handler. May run on several threads. */
#include <alicorn/app.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static const alicorn_host* host;
static atomic_flag ready_was_told = ATOMIC_FLAG_INIT;

static void tell(const char* call) {
  host->log(host, 0, ALICORN_LOG_INFO, alicorn_text(call), NULL, 0);
}

static int32_t preload(const alicorn_host* the_host, void** app_state) {
  host = the_host;
  *app_state = &host;
  tell("lifecycle: preload");
  return ALICORN_OK;
}
static int32_t worker_init(const alicorn_host* the_host, const alicorn_worker* worker,
                           void* app_state, void** worker_state) {
  (void)worker;
  host = the_host;
  *worker_state = &host;
  tell(app_state == NULL ? "lifecycle: worker_init" : "lifecycle: worker_init after preload");
  return ALICORN_OK;
}
static int32_t thread_init(void* worker_state, uint32_t thread, void** thread_state) {
  (void)worker_state, (void)thread;
  static _Thread_local int state;
  *thread_state = &state;
  tell("lifecycle: thread_init");
  return ALICORN_OK;
}
static int32_t ready(void* worker_state) {
  (void)worker_state;
  if (!atomic_flag_test_and_set(&ready_was_told)) tell("lifecycle: ready");
  return ALICORN_OK;
}
static void sleep_for(alicorn_string query) {
  char text[32] = "";
  memcpy(text, query.data, query.size < sizeof(text) ? query.size : sizeof(text) - 1);
  const long milliseconds = strncmp(text, "ms=", 3) == 0 ? strtol(text + 3, NULL, 10) : 1000;
  struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) continue;
}
static int32_t on_request(alicorn_request* request) {
  alicorn_log(request, ALICORN_LOG_DEBUG, "lifecycle: on_request");
  if (alicorn_equals(request->path, "/sleep")) sleep_for(request->query);
  const int has_states = request->worker_state != NULL && request->thread_state != NULL;
  return alicorn_respond(request, has_states ? 200 : 500, "text/plain", alicorn_text("lives\n"));
}
static void drain(void* worker_state) {
  (void)worker_state;
  tell("lifecycle: drain");
}
static void thread_exit(void* worker_state, void* thread_state) {
  (void)worker_state, (void)thread_state;
  tell("lifecycle: thread_exit");
}
static void worker_exit(void* worker_state) {
  (void)worker_state;
  tell("lifecycle: worker_exit");
}
ALICORN_APP(ALICORN_APP_THREAD_SAFE | ALICORN_APP_PRELOAD_SAFE,
            .name = ALICORN_LITERAL("lifecycle"), .preload = preload, .worker_init = worker_init,
            .thread_init = thread_init, .ready = ready, .on_request = on_request, .drain = drain,
            .thread_exit = thread_exit, .worker_exit = worker_exit);
