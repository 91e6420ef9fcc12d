/* Runs on the I/O thread: ALICORN_RUN_LOOP. Answers with the size of the body. /fill writes until
 * it must wait, then defers the request, and ends the answer when there is room. /sleep blocks for
 * the milliseconds in the query, as no such app should. */
#include <alicorn/app.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int32_t end_when_there_is_room(void* context, alicorn_request* request, int32_t event) {
  (void)context;
  if (event != ALICORN_EVENT_WRITABLE) return ALICORN_OK;
  const alicorn_buffer last = {"the end", 7, NULL, NULL};
  request->host->write(request, &last, 1);
  return request->host->end(request, NULL, 0);
}
static int32_t fill(alicorn_request* request) {
  static char bytes[300 * 1024];
  const alicorn_buffer much = {memset(bytes, 'x', sizeof(bytes)), sizeof(bytes), NULL, NULL};
  request->host->begin(request, 200, NULL, 0, -1);
  if (request->host->write(request, &much, 1) != ALICORN_FULL) return ALICORN_ERROR;
  return request->host->defer(request, end_when_there_is_room, NULL);
}
static int32_t sleep_for(alicorn_request* request, long milliseconds) {
  const struct timespec time = {0, milliseconds * 1000000};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("awake\n"));
}
static int32_t on_request(alicorn_request* request) {
  if (alicorn_equals(request->path, "/sleep")) {
    return sleep_for(request, strtol(request->query.data + sizeof("ms=") - 1, NULL, 10));
  }
  if (alicorn_equals(request->path, "/fill")) return fill(request);
  char text[32];
  int size = snprintf(text, sizeof(text), "%zu\n", request->body.size);
  return alicorn_respond(request, 200, "text/plain", (alicorn_string){text, (size_t)size});
}
ALICORN_APP(0, .run_model = ALICORN_RUN_LOOP, .name = ALICORN_LITERAL("loop_app"),
            .on_request = on_request);
