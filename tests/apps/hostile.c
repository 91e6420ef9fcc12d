/*
 * Calls that no app should make, one case for each path, with what app.h says about each. The case
 * answers, and /problems lists the calls with a wrong result: the server and the test host must
 * give the same list.
 */
#include "hostile.h"

/* Every [R] call gives the same result; lent data is released, and descriptors are closed. */
static void all_refuse(const alicorn_host* host, alicorn_request* r, int32_t wanted) {
  const alicorn_buffer buffers[2] = {given("x", 1), given(NULL, 5)};
  alicorn_string piece = {NULL, 7};
  const int fd = a_file();
  released = 0;
  CHECK(host->respond(r, 200, NULL, 0, &buffers[0]), wanted);
  CHECK(host->begin(r, 200, NULL, 0, -1), wanted);
  CHECK(host->write(r, buffers, 2), wanted);
  CHECK(host->write(r, NULL, 2), wanted);
  CHECK(released, 3);
  CHECK(host->end(r, NULL, 0), wanted);
  CHECK(host->interim(r, 103, NULL, 0), wanted);
  CHECK(host->send_file(r, 200, NULL, 0, fd, 0, -1), wanted);
  CHECK(is_open(fd), 0);
  CHECK(host->send_file(r, 200, NULL, 0, -1, 0, -1), wanted);
  CHECK(host->body_next(r, &piece), wanted);
  CHECK(piece.data != NULL && piece.size == 0, 1);
  CHECK(host->body_next(r, NULL), wanted);
  CHECK(host->defer(r, NULL, NULL), wanted);
  CHECK(host->extend_deadline(r, 1000), wanted);
  CHECK(host->after_response(r, never, NULL), wanted);
  CHECK(annotate_once(host, r), wanted);
}

static int32_t null_request(alicorn_request* r) {
  all_refuse(r->host, NULL, THREAD);
  return fine(r);
}
static int32_t copied_request(alicorn_request* r) {
  alicorn_request copy = *r;
  all_refuse(r->host, &copy, THREAD);
  return fine(r);
}
static void* on_other_thread(void* r) {
  all_refuse(((alicorn_request*)r)->host, r, THREAD);
  return NULL;
}
static int32_t wrong_thread(alicorn_request* r) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, on_other_thread, r), 0);
  pthread_join(thread, NULL);
  return fine(r);
}

/* In a response, an interim response and a file; and as trailers below. */
static void refuse_fields(alicorn_request* r, const alicorn_field* fields, uint32_t count) {
  const alicorn_buffer body = given("x", 1);
  const int fd = a_file();
  released = 0;
  CHECK(r->host->respond(r, 200, fields, count, &body), INVALID);
  CHECK(released, 1);
  CHECK(r->host->begin(r, 200, fields, count, -1), INVALID);
  CHECK(r->host->interim(r, 103, fields, count), INVALID);
  CHECK(r->host->send_file(r, 200, fields, count, fd, 0, -1), INVALID);
  CHECK(is_open(fd), 0);
}
static uint32_t bad_fields(alicorn_field out[8]) {
  const alicorn_string good = alicorn_text("x");
  out[0] = field_of(text_of(NULL, 3), good);
  out[1] = field_of(good, text_of(NULL, 3));
  out[2] = field_of(text_of("x", beyond), good);
  out[3] = field_of(good, text_of("x", beyond));
  out[4] = field_of(good, text_of("x", SIZE_MAX));
  out[5] = field_of(text_of("x", SIZE_MAX), text_of("x", 2));
  out[6] = field_of(text_of(NULL, 0), good);
  out[7] = field_of(good, text_of("a\r\nb: c", 7));
  return 8;
}
static int32_t headers(alicorn_request* r) {
  alicorn_field bad[8];
  refuse_fields(r, NULL, 1);
  refuse_fields(r, NULL, UINT32_MAX);
  const uint32_t count = bad_fields(bad);
  for (uint32_t i = 0; i < count; i++) refuse_fields(r, &bad[i], 1);
  return fine(r);
}
static int32_t trailers(alicorn_request* r) {
  alicorn_field bad[8];
  const alicorn_field forbidden = field_of(alicorn_text("Vary"), alicorn_text("*"));
  CHECK(r->host->begin(r, 200, NULL, 0, -1), ALICORN_OK);
  CHECK(r->host->end(r, NULL, 1), INVALID);
  CHECK(r->host->end(r, NULL, UINT32_MAX), INVALID);
  CHECK(r->host->end(r, &forbidden, 1), INVALID);
  const uint32_t count = bad_fields(bad);
  for (uint32_t i = 0; i < count; i++) CHECK(r->host->end(r, &bad[i], 1), INVALID);
  CHECK(r->host->end(r, NULL, 0), ALICORN_OK);
  return ALICORN_OK;
}

static int32_t bodies(alicorn_request* r) {
  const alicorn_buffer bad[] = {given(NULL, 5), given("x", beyond), given("x", SIZE_MAX),
                                given(NULL, SIZE_MAX)};
  for (int i = 0; i < 4; i++) {
    alicorn_buffer copied = bad[i];
    copied.release = NULL;
    released = 0;
    CHECK(r->host->respond(r, 200, NULL, 0, &bad[i]), INVALID);
    CHECK(released, 1);
    CHECK(r->host->respond(r, 200, NULL, 0, &copied), INVALID);
  }
  return fine(r);
}
static int32_t no_body(alicorn_request* r) {
  const alicorn_buffer nothing = given(NULL, 0);
  released = 0;
  CHECK(r->host->respond(r, 200, NULL, 0, &nothing), ALICORN_OK);
  return ALICORN_OK;
}

static int32_t statuses(alicorn_request* r) {
  const int32_t bad[] = {0, -1, 99, 100, 103, 199, 600, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK(r->host->respond(r, bad[i], NULL, 0, NULL), INVALID);
    CHECK(r->host->begin(r, bad[i], NULL, 0, -1), INVALID);
    if (bad[i] != 103) CHECK(r->host->interim(r, bad[i], NULL, 0), INVALID);
  }
  return fine(r);
}
static int32_t lengths(alicorn_request* r) {
  const char* const bad[] = {
      "+5", "-5", "-0", "5x", "", "0x5", "5 5", "6", "9223372036854775808", "18446744073709551621"};
  const alicorn_buffer five = {"12345", 5, NULL, NULL};
  CHECK(r->host->begin(r, 200, NULL, 0, -2), INVALID);
  CHECK(r->host->begin(r, 200, NULL, 0, INT64_MIN), INVALID);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const alicorn_field length = field_of(alicorn_text("Content-Length"), alicorn_text(bad[i]));
    CHECK(r->host->respond(r, 200, &length, 1, &five), INVALID);
    CHECK(r->host->interim(r, 103, &length, 1), INVALID);
  }
  const alicorn_field twice[] = {field_of(alicorn_text("content-length"), alicorn_text("5")),
                                 field_of(alicorn_text("Content-Length"), alicorn_text("5"))};
  CHECK(r->host->respond(r, 200, twice, 2, &five), INVALID);
  const alicorn_field blanks = field_of(alicorn_text("Content-Length"), alicorn_text(" 5\t"));
  CHECK(r->host->respond(r, 200, &blanks, 1, &five), ALICORN_OK);
  return ALICORN_OK;
}

static int32_t writes(alicorn_request* r) {
  const alicorn_buffer null_last[] = {given("never", 5), given(NULL, 5)};
  const alicorn_buffer wraps[] = {given("never", SIZE_MAX), given("x", 2)};
  const alicorn_buffer halves[] = {given("never", PTRDIFF_MAX), given("x", PTRDIFF_MAX),
                                   given("y", 3)};
  const alicorn_buffer nothing[] = {given("x", 0), given(NULL, 0)};
  const alicorn_buffer good = {"fine\n", 5, NULL, NULL};
  CHECK(r->host->write(r, &good, 1), STATE);
  CHECK(r->host->end(r, NULL, 0), STATE);
  CHECK(r->host->begin(r, 200, NULL, 0, -1), ALICORN_OK);
  released = 0;
  CHECK(r->host->write(r, NULL, 1), INVALID);
  CHECK(r->host->write(r, NULL, UINT32_MAX), INVALID);
  CHECK(r->host->write(r, null_last, 2), INVALID);
  CHECK(released, 2);
  CHECK(r->host->write(r, wraps, 2), INVALID);
  CHECK(released, 4);
  CHECK(r->host->write(r, halves, 3), INVALID);
  CHECK(released, 7);
  CHECK(r->host->write(r, NULL, 0), ALICORN_OK);
  CHECK(r->host->write(r, nothing, 2), ALICORN_OK);
  CHECK(r->host->write(r, &good, 1), ALICORN_OK);
  CHECK(r->host->end(r, NULL, 0), ALICORN_OK);
  return ALICORN_OK;
}
/* Sent with HEAD: dropped data is not read, but counted. */
static int32_t sums(alicorn_request* r) {
  const alicorn_buffer large = given("x", PTRDIFF_MAX);
  CHECK(r->host->begin(r, 200, NULL, 0, -1), ALICORN_OK);
  CHECK(r->host->write(r, &large, 1), ALICORN_OK);
  released = 0;
  CHECK(r->host->write(r, &large, 1), INVALID);
  CHECK(released, 1);
  CHECK(r->host->end(r, NULL, 0), ALICORN_OK);
  return ALICORN_OK;
}

static int32_t after_the_answer(alicorn_request* r) {
  const alicorn_buffer body = given(NULL, 5);
  const int fd = a_file();
  fine(r);
  released = 0;
  CHECK(r->host->respond(r, 0, NULL, 1, &body), STATE);
  CHECK(r->host->begin(r, 0, NULL, 1, -5), STATE);
  CHECK(r->host->send_file(r, 200, NULL, 0, fd, 0, -1), STATE);
  CHECK(is_open(fd), 0);
  CHECK(r->host->send_file(r, 200, NULL, 0, -1, -1, -7), STATE);
  CHECK(r->host->interim(r, 0, NULL, 1), STATE);
  CHECK(r->host->write(r, &body, 1), STATE);
  CHECK(r->host->write(r, NULL, 1), STATE);
  CHECK(r->host->end(r, NULL, 1), STATE);
  CHECK(r->host->defer(r, NULL, NULL), STATE);
  CHECK(r->host->complete(r->host, r->token, 200, NULL, 0, &body), STATE);
  CHECK(r->host->resume(r->host, r->token, NULL, NULL), STATE);
  CHECK(released, 3);
  return ALICORN_OK;
}
static int32_t within_the_answer(alicorn_request* r) {
  const alicorn_buffer body = given(NULL, 5);
  CHECK(r->host->begin(r, 200, NULL, 0, -1), ALICORN_OK);
  released = 0;
  CHECK(r->host->begin(r, 0, NULL, 1, -1), STATE);
  CHECK(r->host->respond(r, 200, NULL, 0, &body), STATE);
  CHECK(released, 1);
  CHECK(r->host->send_file(r, 200, NULL, 0, -1, 0, -1), STATE);
  CHECK(r->host->interim(r, 103, NULL, 0), STATE);
  CHECK(r->host->end(r, NULL, 0), ALICORN_OK);
  CHECK(r->host->end(r, NULL, 0), STATE);
  return ALICORN_OK;
}

static int32_t files(alicorn_request* r) {
  int pipe_ends[2];
  const int64_t ranges[][2] = {{-1, -1},       {INT64_MIN, -1},       {INT64_MAX, -1},
                               {0, -2},        {0, INT64_MIN},        {0, INT64_MAX},
                               {1, INT64_MAX}, {INT64_MAX, INT64_MAX}};
  CHECK(pipe(pipe_ends), 0);
  CHECK(r->host->send_file(r, 200, NULL, 0, -1, 0, -1), INVALID);
  CHECK(r->host->send_file(r, 200, NULL, 0, INT_MIN, 0, -1), INVALID);
  CHECK(r->host->send_file(r, 200, NULL, 0, INT_MAX, 0, -1), INVALID);
  CHECK(r->host->send_file(r, 200, NULL, 0, pipe_ends[0], 0, -1), INVALID);
  CHECK(r->host->send_file(r, 200, NULL, 0, open("/", O_RDONLY | O_CLOEXEC), 0, -1), INVALID);
  CHECK(is_open(pipe_ends[0]), 0);
  close(pipe_ends[1]);
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    const int fd = a_file();
    CHECK(r->host->send_file(r, 200, NULL, 0, fd, ranges[i][0], ranges[i][1]), INVALID);
    CHECK(is_open(fd), 0);
  }
  return fine(r);
}

static int32_t facts(alicorn_request* r) {
  char long_text[1025];
  memset(long_text, 'x', sizeof long_text);
  const alicorn_host* host = r->host;
  CHECK(host->annotate(r, text_of(NULL, 3), alicorn_text("b")), INVALID);
  CHECK(host->annotate(r, text_of("", 0), alicorn_text("b")), INVALID);
  CHECK(host->annotate(r, alicorn_text("a"), text_of(NULL, 3)), INVALID);
  CHECK(host->annotate(r, text_of("a", SIZE_MAX), text_of("b", 2)), LIMIT);
  CHECK(host->annotate(r, alicorn_text("a"), text_of("b", SIZE_MAX)), LIMIT);
  CHECK(host->annotate(r, alicorn_text("a"), text_of(long_text, 1024)), LIMIT);
  CHECK(host->annotate(r, alicorn_text("a"), text_of(NULL, 0)), ALICORN_OK);
  for (int i = 1; i < 32; i++) CHECK(annotate_once(host, r), ALICORN_OK);
  CHECK(annotate_once(host, r), LIMIT);
  CHECK(host->after_response(r, NULL, NULL), INVALID);
  CHECK(host->extend_deadline(r, UINT32_MAX), ALICORN_OK);
  CHECK(host->body_next(r, NULL), INVALID);
  return fine(r);
}

static int32_t tokens(alicorn_request* r) {
  const alicorn_token bad[] = {0, UINT64_MAX, r->token + ((uint64_t)1 << 40), UINT64_MAX / 2};
  const alicorn_buffer body = given("x", 1);
  const alicorn_host* host = r->host;
  released = 0;
  for (int i = 0; i < 4; i++) {
    CHECK(host->complete(host, bad[i], 200, NULL, 0, &body), GONE);
    CHECK(host->resume(host, bad[i], NULL, NULL), GONE);
    CHECK(host->cancelled(host, bad[i]), GONE);
  }
  CHECK(released, 4);
  CHECK(host->complete(host, r->token, 200, NULL, 0, &body), STATE);
  CHECK(released, 5);
  return fine(r);
}
static int32_t null_host(alicorn_request* r) {
  const alicorn_buffer body = given("x", 1);
  alicorn_string key = {"", 0}, value = {"", 0};
  const alicorn_host* host = r->host;
  released = 0;
  CHECK(host->complete(NULL, r->token, 200, NULL, 0, &body), INVALID);
  CHECK(released, 1);
  CHECK(host->resume(NULL, r->token, NULL, NULL), INVALID);
  CHECK(host->cancelled(NULL, r->token), INVALID);
  CHECK(host->config_get(NULL, alicorn_text("a"), &value), INVALID);
  CHECK(host->config_at(NULL, 0, &key, &value), INVALID);
  CHECK(host->request_recycle(NULL, alicorn_text("a")), INVALID);
  host->log(NULL, r->token, ALICORN_LOG_ERROR, alicorn_text("to nobody"), NULL, 0);
  CHECK(host->config_get(host, alicorn_text("a"), NULL), INVALID);
  CHECK(host->config_get(host, text_of(NULL, 5), &value), ALICORN_ERROR_NOT_FOUND);
  CHECK(host->config_get(host, text_of("a", SIZE_MAX), &value), ALICORN_ERROR_NOT_FOUND);
  CHECK(value.data != NULL && value.size == 0, 1);
  CHECK(host->config_at(host, 0, NULL, &value), INVALID);
  CHECK(host->config_at(host, 0, &key, NULL), INVALID);
  CHECK(host->config_at(host, UINT32_MAX, &key, &value), ALICORN_ERROR_NOT_FOUND);
  return fine(r);
}
static int32_t log_lines(alicorn_request* r) {
  const alicorn_field fields[] = {field_of(text_of(NULL, 3), text_of(NULL, 3)),
                                  field_of(text_of("x", SIZE_MAX), text_of("y", SIZE_MAX))};
  const alicorn_host* host = r->host;
  host->log(host, r->token, INT32_MAX, text_of(NULL, 5), NULL, 3);
  host->log(host, UINT64_MAX, INT32_MIN, text_of("x", SIZE_MAX), NULL, UINT32_MAX);
  host->log(host, 0, ALICORN_LOG_ERROR, alicorn_text("fields"), fields, 2);
  CHECK(host->request_recycle(host, text_of(NULL, 5)), ALICORN_OK);
  return fine(r);
}

static int32_t on_event(void* context, alicorn_request* r, int32_t event) {
  (void)context;
  if (event == ALICORN_EVENT_FINISHED) all_refuse(r->host, r, GONE);
  return INVALID;
}
static int32_t after_the_finish(alicorn_request* r) {
  const alicorn_host* host = r->host;
  const alicorn_buffer body = {"fine\n", 5, NULL, NULL}, late = given("x", 1);
  CHECK(host->defer(r, on_event, NULL), ALICORN_OK);
  CHECK(host->defer(r, NULL, NULL), STATE);
  CHECK(host->resume(host, r->token, NULL, NULL), INVALID);
  CHECK(host->complete(host, r->token, 200, NULL, 0, &body), ALICORN_OK);
  all_refuse(host, r, GONE);
  released = 0;
  CHECK(host->complete(host, r->token, 200, NULL, 0, &late), GONE);
  CHECK(released, 1);
  CHECK(host->resume(host, r->token, NULL, NULL), GONE);
  CHECK(host->cancelled(host, r->token), GONE);
  return ALICORN_ERROR;
}
/* The error completes the request: the client gets a 500. */
static int32_t bad_completion(alicorn_request* r) {
  const alicorn_host* host = r->host;
  const alicorn_buffer body = given("x", beyond);
  CHECK(host->defer(r, NULL, NULL), ALICORN_OK);
  released = 0;
  CHECK(host->complete(host, r->token, 200, NULL, 0, &body), INVALID);
  CHECK(released, 1);
  CHECK(host->complete(host, r->token, 200, NULL, 0, NULL), GONE);
  return ALICORN_OK;
}

static const struct {
  const char* name;
  int32_t (*run)(alicorn_request* r);
} cases[] = {
    {"null_request", null_request},
    {"copied_request", copied_request},
    {"wrong_thread", wrong_thread},
    {"headers", headers},
    {"trailers", trailers},
    {"bodies", bodies},
    {"no_body", no_body},
    {"statuses", statuses},
    {"lengths", lengths},
    {"writes", writes},
    {"sums", sums},
    {"after_the_answer", after_the_answer},
    {"within_the_answer", within_the_answer},
    {"files", files},
    {"facts", facts},
    {"tokens", tokens},
    {"null_host", null_host},
    {"log_lines", log_lines},
    {"after_the_finish", after_the_finish},
    {"bad_completion", bad_completion},
};

static int32_t on_request(alicorn_request* r) {
  if (alicorn_equals(r->path, "/problems")) {
    const int32_t result =
        alicorn_respond(r, 200, "text/plain", alicorn_text(*problems ? problems : "none\n"));
    *problems = 0;
    return result;
  }
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (r->path.size > 1 &&
        alicorn_equals(text_of(r->path.data + 1, r->path.size - 1), cases[i].name))
      return cases[i].run(r);
  }
  return alicorn_respond(r, 404, "text/plain", alicorn_text("no such case\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("hostile"), .on_request = on_request);
