/* Keeps a variable per thread and checks in each callback that it runs on a thread that thread_init
 * has seen, and in on_request that the state is that thread's. /sleep?ms=N blocks first; /report
 * says how often that failed.
 */
#include <alicorn/app.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static __thread long calls_here = -1; /* -1: thread_init has not run on this thread */
static long threads, strangers;

static int32_t thread_init(void* worker_state, uint32_t thread, void** thread_state) {
  (void)worker_state, (void)thread;
  calls_here = 0;
  *thread_state = &calls_here;
  __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
  return ALICORN_OK;
}

static void check(const void* thread_state) {
  if (calls_here < 0 || thread_state != &calls_here) {
    __atomic_add_fetch(&strangers, 1, __ATOMIC_RELAXED);
  } else {
    ++calls_here;
  }
}
static void after_response(void* context) {
  (void)context;
  check(&calls_here);
}

static int32_t on_request(alicorn_request* request) {
  check(request->thread_state);
  if (alicorn_equals(request->path, "/report")) {
    char report[64];
    const int size = snprintf(report, sizeof(report), "%ld threads, %ld strangers\n",
                              __atomic_load_n(&threads, __ATOMIC_RELAXED),
                              __atomic_load_n(&strangers, __ATOMIC_RELAXED));
    const alicorn_string body = {report, (size_t)size};
    return alicorn_respond(request, 200, "text/plain", body);
  }
  if (alicorn_equals(request->path, "/sleep")) {
    char query[32] = "";
    size_t size = request->query.size < sizeof(query) ? request->query.size : sizeof(query) - 1;
    memcpy(query, request->query.data, size);
    const long ms = strncmp(query, "ms=", 3) == 0 ? strtol(query + 3, NULL, 10) : 1000;
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) continue;
  }
  request->host->after_response(request, after_response, NULL);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("done\n"));
}
ALICORN_APP(ALICORN_APP_THREAD_SAFE, .name = ALICORN_LITERAL("threads"), .thread_init = thread_init,
            .on_request = on_request);
