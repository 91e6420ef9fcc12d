/* Reads bodies and gives answers at its own pace. May run on several threads.
 *   /piece?MS         reads one piece of the body, then nothing for MS
 *   /parts?MS         an answer in two parts, MS apart
 *   /trickle?MS       an answer in ten parts, MS apart
 *   /reads?MS         reads the body piece by piece, MS apart
 *   /granted?MS       asks for a minute, then takes MS
 *   /turns            deferred; callbacks run nearly always, none for long; ends on cancellation
 *   /busy             deferred; resumes itself until it is cancelled, for up to ten seconds
 *   /rest?MS          reads the body to its end, then does nothing for MS
 *   /undo?MS          deferred; when it is cancelled it takes MS, then completes
 *   /steps?MS         takes MS, and repeatedly moves its deadline to 400 ms ahead
 *   /nap?MS           takes MS, or less if a signal is handled
 *   /after?MS         takes MS after its answer was sent
 *   /hold?FD          reads the body to its end, answers, then waits for a byte from FD
 *   /hold-late?FD     waits for a byte before the answer, too
 *   /hold-extended?FD the same as /hold, with a deadline in an hour
 *   /hold-after?FD    waits after its answer was sent
 */
#include <alicorn/app.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void block_for(long milliseconds) {
  struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) continue;
}
static long number_in_query(const alicorn_request* request) {
  char digits[16] = "";
  if (request->query.size < sizeof(digits))
    memcpy(digits, request->query.data, request->query.size);
  return strtol(digits, NULL, 10);
}

static int32_t take_one_piece(alicorn_request* request) {
  alicorn_string piece;
  const int32_t result = request->host->body_next(request, &piece);
  if (result < 0) return result;
  block_for(number_in_query(request));
  return alicorn_respond(request, 200, "text/plain", alicorn_text("taken\n"));
}
static int32_t answer_in_parts(alicorn_request* request) {
  static char first[1 << 20], second[100 * 1024];
  const alicorn_host* host = request->host;
  alicorn_buffer part = {memset(first, '1', sizeof(first)), sizeof(first), NULL, NULL};
  host->begin(request, 200, NULL, 0, sizeof(first) + sizeof(second));
  host->write(request, &part, 1);
  block_for(number_in_query(request));
  part.data = memset(second, '2', sizeof(second));
  part.size = sizeof(second);
  host->write(request, &part, 1);
  return host->end(request, NULL, 0);
}
static int32_t trickle(alicorn_request* request) {
  const alicorn_buffer part = {"part\n", 5, NULL, NULL};
  request->host->begin(request, 200, NULL, 0, -1);
  for (int i = 0; i < 10; ++i) {
    block_for(number_in_query(request));
    request->host->write(request, &part, 1);
  }
  return request->host->end(request, NULL, 0);
}
static int32_t read_slowly(alicorn_request* request) {
  alicorn_string piece;
  while (request->host->body_next(request, &piece) == ALICORN_OK)
    block_for(number_in_query(request));
  return alicorn_respond(request, 200, "text/plain", alicorn_text("taken\n"));
}
static int32_t ask_for_a_minute(alicorn_request* request) {
  request->host->extend_deadline(request, 60 * 1000);
  block_for(number_in_query(request));
  return alicorn_respond(request, 200, "text/plain", alicorn_text("there\n"));
}
static int32_t turn(void* context, alicorn_request* request) {
  (void)context;
  if (request == NULL) return ALICORN_OK;
  const alicorn_host* host = request->host;
  if (host->cancelled(host, request->token) > 0)
    return alicorn_respond(request, 200, "text/plain", alicorn_text("late\n"));
  block_for(8);
  return host->resume(host, request->token, turn, NULL);
}
static int32_t take_turns(alicorn_request* request) {
  const alicorn_host* host = request->host;
  const int32_t result = host->defer(request, NULL, NULL);
  return result < 0 ? result : host->resume(host, request->token, turn, NULL);
}
static int32_t go_on(void* context, alicorn_request* request) {
  if (request == NULL) return ALICORN_OK;
  const alicorn_host* host = request->host;
  const intptr_t left = (intptr_t)context - 1;
  if (left == 0) return alicorn_respond(request, 500, "text/plain", alicorn_text("not told\n"));
  block_for(1);
  return host->resume(host, request->token, go_on, (void*)left);
}
static int32_t stop_when_cancelled(void* context, alicorn_request* request, int32_t event) {
  (void)context, (void)request;
  return event == ALICORN_EVENT_CANCELLED ? ALICORN_ERROR_GONE : ALICORN_OK;
}
static int32_t be_busy(alicorn_request* request) {
  enum { TURNS = 10 * 1000 };
  const alicorn_host* host = request->host;
  const int32_t result = host->defer(request, stop_when_cancelled, NULL);
  return result < 0 ? result : host->resume(host, request->token, go_on, (void*)(intptr_t)TURNS);
}
static int32_t take_the_rest(alicorn_request* request) {
  alicorn_string piece;
  while (request->host->body_next(request, &piece) == ALICORN_OK) continue;
  block_for(number_in_query(request));
  return alicorn_respond(request, 200, "text/plain", alicorn_text("taken\n"));
}
static int32_t undo(void* context, alicorn_request* request, int32_t event) {
  (void)context;
  if (event != ALICORN_EVENT_CANCELLED) return ALICORN_OK;
  block_for(number_in_query(request));
  return alicorn_respond(request, 200, "text/plain", alicorn_text("undone\n"));
}
static int32_t go_step_by_step(alicorn_request* request) {
  enum { STEP = 40, DEADLINE = 400 };
  for (long left = number_in_query(request); left > 0; left -= STEP) {
    request->host->extend_deadline(request, DEADLINE);
    block_for(STEP);
  }
  return alicorn_respond(request, 200, "text/plain", alicorn_text("there\n"));
}
static void wait_for_byte(void* fd) {
  char byte;
  while (read((int)(intptr_t)fd, &byte, 1) < 0) continue;
}
static int32_t hold(alicorn_request* request) {
  enum { HOUR = 3600 * 1000 };
  void* const fd = (void*)(intptr_t)number_in_query(request);
  alicorn_string piece;
  while (request->host->body_next(request, &piece) == ALICORN_OK) continue;
  if (alicorn_equals(request->path, "/hold-late")) wait_for_byte(fd);
  alicorn_respond(request, 200, "text/plain", alicorn_text("said\n"));
  if (alicorn_equals(request->path, "/hold-extended"))
    request->host->extend_deadline(request, HOUR);
  if (alicorn_equals(request->path, "/hold-after"))
    return request->host->after_response(request, wait_for_byte, fd);
  wait_for_byte(fd);
  return ALICORN_OK;
}
static void block_afterwards(void* context) {
  block_for((long)(intptr_t)context);
}
static int32_t answer_first(alicorn_request* request) {
  void* const context = (void*)(intptr_t)number_in_query(request);
  request->host->after_response(request, block_afterwards, context);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("said\n"));
}

static int32_t nap(alicorn_request* request) {
  const long milliseconds = number_in_query(request);
  const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("awake\n"));
}
static int32_t on_request(alicorn_request* request) {
  if (alicorn_equals(request->path, "/piece")) return take_one_piece(request);
  if (alicorn_equals(request->path, "/parts")) return answer_in_parts(request);
  if (alicorn_equals(request->path, "/trickle")) return trickle(request);
  if (alicorn_equals(request->path, "/reads")) return read_slowly(request);
  if (alicorn_equals(request->path, "/granted")) return ask_for_a_minute(request);
  if (alicorn_equals(request->path, "/turns")) return take_turns(request);
  if (alicorn_equals(request->path, "/busy")) return be_busy(request);
  if (alicorn_equals(request->path, "/rest")) return take_the_rest(request);
  if (alicorn_equals(request->path, "/undo")) return request->host->defer(request, undo, NULL);
  if (alicorn_equals(request->path, "/steps")) return go_step_by_step(request);
  if (alicorn_equals(request->path, "/nap")) return nap(request);
  if (alicorn_equals(request->path, "/after")) return answer_first(request);
  if (request->path.size >= 5 && memcmp(request->path.data, "/hold", 5) == 0) return hold(request);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("free\n"));
}
ALICORN_APP(ALICORN_APP_THREAD_SAFE | ALICORN_APP_STREAM_BODY, .name = ALICORN_LITERAL("stalls"),
            .on_request = on_request);
