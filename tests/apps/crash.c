/* Dies as its path says: /crash follows a null pointer (/late after a while), /jump calls one,
 * /overflow recurses without end, /divide divides by zero, /abort aborts, /escape lets no exception
 * out of an illegal instruction, /exit and /quick-exit call these functions, /hide crashes when
 * the request can no longer be read. /wait is deferred for ever, /block holds its thread for a
 * while, /slowly is answered after a moment, /afterwards is answered before it follows the null
 * pointer, anything else is answered at once. */
#include <alicorn/app.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

/* Functions expected in backtraces must be neither inlined nor turned into a jump. A sanitizer
 * would end the process with an exit code instead of the signal. */
#if defined(__clang__)
#define PLAIN __attribute__((noinline, optnone, no_sanitize("undefined", "address")))
#else
#define PLAIN __attribute__((noinline, noipa, optimize("O0"), no_sanitize("undefined", "address")))
#endif

static int* volatile nowhere = NULL;
static volatile int zero = 0;

PLAIN static int follow_null(void) {
  *nowhere = 1;
  return *nowhere;
}
PLAIN static int call_null(void) {
  int (*volatile function)(void) = NULL;
  return function() + 1;
}
PLAIN static int overflow_the_stack(int depth) {
  volatile char room[256];
  room[0] = (char)depth;
  return depth == zero - 1 ? 0 : overflow_the_stack(depth + 1) + room[0];
}
PLAIN static int divide_by_zero(void) {
  return 7 / zero;
}
/* Hides the page with the end of a large head, which holds nothing else of the server's. */
PLAIN static int hide(const alicorn_request* request) {
  const alicorn_string last = request->headers[request->header_count - 1].value;
  const uintptr_t page = 4096;
  mprotect((void*)(((uintptr_t)last.data + page - 1) & ~(page - 1)), page, PROT_NONE);
  return follow_null();
}

PLAIN static void exit_well(void) {
  exit(EXIT_SUCCESS);
}

static void sleep_for(long milliseconds) {
  struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) continue;
}

static void crash_afterwards(void* context) {
  (void)context;
  follow_null();
}

static int32_t on_event(void* context, alicorn_request* request, int32_t event) {
  (void)context;
  (void)request;
  return event == ALICORN_EVENT_CANCELLED ? ALICORN_ERROR : ALICORN_OK;
}

static int32_t on_request(alicorn_request* request) {
  int result = 0;
  request->host->annotate(request, alicorn_text("tenant"), alicorn_text("acme"));
  if (alicorn_equals(request->path, "/wait")) return request->host->defer(request, on_event, NULL);
  if (alicorn_equals(request->path, "/abort")) abort();
  if (alicorn_equals(request->path, "/crash")) result = follow_null();
  if (alicorn_equals(request->path, "/block")) sleep_for(10000);
  if (alicorn_equals(request->path, "/slowly")) sleep_for(100);
  if (alicorn_equals(request->path, "/late")) {
    sleep_for(50);  // other threads take over
    result = follow_null();
  }
  if (alicorn_equals(request->path, "/jump")) result = call_null();
  if (alicorn_equals(request->path, "/overflow")) result = overflow_the_stack(0);
  if (alicorn_equals(request->path, "/divide")) result = divide_by_zero();
  if (alicorn_equals(request->path, "/hide")) result = hide(request);
  if (alicorn_equals(request->path, "/escape")) __builtin_trap();
  if (alicorn_equals(request->path, "/exit")) exit_well();
  if (alicorn_equals(request->path, "/quick-exit")) quick_exit(EXIT_SUCCESS);
  if (alicorn_equals(request->path, "/afterwards"))
    request->host->after_response(request, crash_afterwards, NULL);
  return alicorn_respond(request, 200 + (result != 0), "text/plain", alicorn_text("alive\n"));
}
ALICORN_APP(ALICORN_APP_THREAD_SAFE | ALICORN_APP_PRELOAD_SAFE, .name = ALICORN_LITERAL("crash"),
            .on_request = on_request);
