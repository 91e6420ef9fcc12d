/* /crash follows a null pointer, /abort aborts, anything else is answered. */
#include <alicorn/app.h>
#include <stdlib.h>

/* A sanitizer would end the process with an exit code instead of the signal. */
__attribute__((no_sanitize("undefined"))) static int32_t on_request(alicorn_request* request) {
  if (alicorn_equals(request->path, "/abort")) abort();
  if (alicorn_equals(request->path, "/crash")) {
    volatile int* volatile nowhere = NULL;
    *nowhere = 1;
  }
  return alicorn_respond(request, 200, "text/plain", alicorn_text("alive\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("crash"), .on_request = on_request);
