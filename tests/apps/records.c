/* Appends the query of each request to the file that ALICORN_TEST_RECORD names, one line each and
 * in one write, then blocks for 2 ms, or, for one query in eight, 20: so requests wait longer for
 * some workers than for others. One callback at a time. */
#include <alicorn/app.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int record = -1;

static int32_t worker_init(const alicorn_host* host, const alicorn_worker* worker, void* app_state,
                           void** worker_state) {
  (void)host, (void)worker, (void)app_state, (void)worker_state;
  const char* const path = getenv("ALICORN_TEST_RECORD");
  record = path != NULL ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
  return record < 0 ? -1 : ALICORN_OK;
}
static int32_t on_request(alicorn_request* request) {
  char line[64];
  const size_t size = request->query.size < sizeof(line) ? request->query.size : sizeof(line) - 1;
  memcpy(line, request->query.data, size);
  line[size] = '\n';
  if (write(record, line, size + 1) != (ssize_t)(size + 1)) return -1;
  unsigned hash = 0;
  for (size_t i = 0; i < size; ++i) hash = hash * 31 + (unsigned char)line[i];
  const struct timespec time = {0, hash % 8 == 0 ? 20000000 : 2000000};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("recorded\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("records"), .worker_init = worker_init,
            .on_request = on_request);
