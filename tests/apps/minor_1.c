/* Uses what came with minor 1 of the interface. The path says what. */
#include <alicorn/app.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static _Atomic alicorn_token interrupted;

static int32_t facts(alicorn_request* request) {
  char text[400];
  const int size = snprintf(text, sizeof text, "%s %llu %.*s|%.*s",
                            request->connection != 0 ? "known" : "unknown",
                            (unsigned long long)request->request_number, (int)request->mount.size,
                            request->mount.data, (int)request->path.size, request->path.data);
  const alicorn_string body = {text, (size_t)size};
  return alicorn_respond(request, 200, "text/plain", body);
}

/* The reason is the query. */
static int32_t reason(alicorn_request* request) {
  const int32_t result = request->host->set_reason(request, request->query);
  if (result == ALICORN_ERROR_INVALID) {
    return alicorn_respond(request, 500, "text/plain", alicorn_text("invalid\n"));
  }
  const int32_t sent = alicorn_respond(request, 404, "text/plain", alicorn_text("not here\n"));
  return request->host->set_reason(request, request->query) == ALICORN_ERROR_STATE ? sent
                                                                                   : ALICORN_ERROR;
}

static void wait_a_little(void) {
  struct timespec left = {0, 1000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) continue;
}

/* /hangs until it is interrupted; /hangs-on in spite of that. */
static int32_t hang(alicorn_request* request) {
  const int goes_on = alicorn_equals(request->path, "/hangs-on");
  while (goes_on || atomic_load(&interrupted) != request->token) wait_a_little();
  return ALICORN_ERROR_GONE;
}

static int32_t on_request(alicorn_request* request) {
  if (alicorn_equals(request->path, "/reason")) return reason(request);
  if (alicorn_equals(request->path, "/crash")) abort();
  if (request->path.size >= 6 && memcmp(request->path.data, "/hangs", 6) == 0) return hang(request);
  return facts(request);
}

static void trace(void* worker_state, void* thread_state, alicorn_trace_write write,
                  void* context) {
  (void)worker_state, (void)thread_state;
  const char frame[] = "innermost, line 3\n", caller[] = "caller\t, line 1\n";
  write(context, frame, sizeof frame - 1);
  write(context, caller, sizeof caller - 1);
}

static int32_t interrupt(void* worker_state, void* thread_state, alicorn_token token) {
  (void)worker_state, (void)thread_state;
  atomic_store(&interrupted, token);
  return ALICORN_OK;
}

ALICORN_APP(ALICORN_APP_THREAD_SAFE, .on_request = on_request, .trace = trace,
            .interrupt = interrupt);
