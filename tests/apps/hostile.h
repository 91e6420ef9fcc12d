/* Helpers for the cases in hostile.c. */
#pragma once

#include <alicorn/app.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static char problems[8192];
static int released;

static void note(int line, const char* what, long long got, long long wanted) {
  const size_t size = strlen(problems);
  snprintf(problems + size, sizeof problems - size, "line %d: %s gave %lld, not %lld\n", line, what,
           got, wanted);
}
#define CHECK(call, wanted)                                             \
  do {                                                                  \
    const long long got = (long long)(call);                            \
    if (got != (long long)(wanted)) note(__LINE__, #call, got, wanted); \
  } while (0)

#define GONE ALICORN_ERROR_GONE
#define INVALID ALICORN_ERROR_INVALID
#define LIMIT ALICORN_ERROR_LIMIT
#define STATE ALICORN_ERROR_STATE
#define THREAD ALICORN_ERROR_THREAD

static const size_t beyond = (size_t)PTRDIFF_MAX + 1;

static void release(void* context) {
  (void)context;
  released++;
}
static alicorn_buffer given(const void* data, size_t size) {
  const alicorn_buffer buffer = {data, size, release, NULL};
  return buffer;
}
static alicorn_string text_of(const char* data, size_t size) {
  const alicorn_string text = {data, size};
  return text;
}
static alicorn_field field_of(alicorn_string name, alicorn_string value) {
  const alicorn_field field = {name, value};
  return field;
}
static int32_t fine(alicorn_request* r) {
  return alicorn_respond(r, 200, "text/plain", alicorn_text("fine\n"));
}

static int is_open(int fd) {
  return fcntl(fd, F_GETFD) != -1;
}
static int a_file(void) {
  return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static int32_t annotate_once(const alicorn_host* host, alicorn_request* r) {
  return host->annotate(r, alicorn_text("a"), alicorn_text("b"));
}
static void never(void* context) {
  (void)context;
}
