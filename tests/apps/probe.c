/* Counts what the server does with its requests; /counts reports it. One worker, one callback at a
 * time.
 *   /own           a body with a release function
 *   /begin?S       status S, in pieces with release functions
 *   /after?FD      after_response, which counts what can be read from FD by then
 *   /wait?FD       blocks until a byte comes from FD
 *   /defer         deferred until /complete or a cancellation
 *   /twice         deferred, completed twice in the callback
 *   /short         deferred; ends, twice, an answer that is shorter than announced
 *   /complete      completes the last deferred request from another request's callback
 *   /fail?FD       fails with a piece whose release function writes to FD, a socket, and waits
 */
#include <alicorn/app.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static atomic_int calls, finished, cancelled, released, after, readable, refused;
static alicorn_token last_token;

static void count(void* counter) {
  atomic_fetch_add((atomic_int*)counter, 1);
}
static alicorn_buffer lent(const char* text) {
  alicorn_buffer buffer = {text, strlen(text), count, &released};
  return buffer;
}
static int number_in_query(const alicorn_request* request) {
  char digits[16] = "";
  if (request->query.size < sizeof(digits))
    memcpy(digits, request->query.data, request->query.size);
  return (int)strtol(digits, NULL, 10);
}

static int32_t complete(const alicorn_host* host, alicorn_token token) {
  const alicorn_buffer body = lent("deferred\n");
  return host->complete(host, token, 200, NULL, 0, &body);
}
static int32_t on_event(void* context, alicorn_request* request, int32_t event) {
  (void)context;
  if (event == ALICORN_EVENT_FINISHED) count(&finished);
  if (event != ALICORN_EVENT_CANCELLED) return ALICORN_OK;
  count(&cancelled);
  const alicorn_buffer body = lent("cancelled\n");
  return request->host->respond(request, 200, NULL, 0, &body);
}
static void look_after_response(void* context) {
  int bytes = 0;
  ioctl((int)(intptr_t)context, FIONREAD, &bytes);
  atomic_store(&readable, bytes);
  count(&after);
}

static int32_t defer(alicorn_request* request) {
  last_token = request->token;
  return request->host->defer(request, on_event, NULL);
}
static int32_t complete_twice(alicorn_request* request) {
  const alicorn_host* host = request->host;
  const alicorn_token token = request->token;
  defer(request);
  complete(host, token);
  atomic_store(&refused, complete(host, token));
  return ALICORN_OK;
}
static int32_t end_too_early(alicorn_request* request) {
  const alicorn_host* host = request->host;
  const alicorn_buffer piece = lent("half\n");
  defer(request);
  host->begin(request, 200, NULL, 0, 2 * (int64_t)piece.size);
  host->write(request, &piece, 1);
  host->end(request, NULL, 0);
  atomic_store(&refused, host->end(request, NULL, 0));
  return ALICORN_OK;
}
static int32_t in_pieces(alicorn_request* request) {
  const alicorn_host* host = request->host;
  const alicorn_buffer pieces[] = {lent("one\n"), lent(""), lent("two\n")};
  host->begin(request, number_in_query(request), NULL, 0, -1);
  host->write(request, pieces, 3);
  return host->end(request, NULL, 0);
}
static void release_with_leave(void* context) {
  const int fd = (int)(intptr_t)context;
  struct pollfd answer = {fd, POLLIN, 0};
  if (write(fd, "x", 1) == 1 && poll(&answer, 1, 5000) == 1) count(&released);
}
static int32_t fail_with_a_piece(alicorn_request* request) {
  const alicorn_buffer piece = {"piece", 5, release_with_leave,
                                (void*)(intptr_t)number_in_query(request)};
  request->host->begin(request, 200, NULL, 0, -1);
  request->host->write(request, &piece, 1);
  return ALICORN_ERROR;
}
static int32_t tell_counts(alicorn_request* request) {
  char text[200];
  snprintf(text, sizeof(text),
           "calls=%d finished=%d cancelled=%d released=%d after=%d readable=%d refused=%d\n",
           atomic_load(&calls), atomic_load(&finished), atomic_load(&cancelled),
           atomic_load(&released), atomic_load(&after), atomic_load(&readable),
           atomic_load(&refused));
  return alicorn_respond(request, 200, "text/plain", alicorn_text(text));
}

static int32_t worker_init(const alicorn_host* host, const alicorn_worker* worker, void* app_state,
                           void** worker_state) {
  (void)host, (void)worker, (void)app_state, (void)worker_state;
  calls = finished = cancelled = released = after = readable = refused = 0;
  return ALICORN_OK;
}
static int32_t on_request(alicorn_request* request) {
  if (alicorn_equals(request->path, "/counts")) return tell_counts(request);
  count(&calls);
  if (alicorn_equals(request->path, "/begin")) return in_pieces(request);
  if (alicorn_equals(request->path, "/defer")) return defer(request);
  if (alicorn_equals(request->path, "/twice")) return complete_twice(request);
  if (alicorn_equals(request->path, "/short")) return end_too_early(request);
  if (alicorn_equals(request->path, "/fail")) return fail_with_a_piece(request);
  if (alicorn_equals(request->path, "/complete"))
    atomic_store(&refused, complete(request->host, last_token));
  if (alicorn_equals(request->path, "/after"))
    request->host->after_response(request, look_after_response,
                                  (void*)(intptr_t)number_in_query(request));
  if (alicorn_equals(request->path, "/wait")) {
    char byte = 0;
    if (read(number_in_query(request), &byte, 1) != 1) return ALICORN_ERROR;
  }
  const alicorn_buffer body = lent("own\n");
  return request->host->respond(request, 200, NULL, 0, &body);
}
ALICORN_APP(0, .name = ALICORN_LITERAL("probe"), .worker_init = worker_init,
            .on_request = on_request);
