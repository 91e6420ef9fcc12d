#include <alicorn/app.h>

static int32_t hello(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("Hello, world\n"));
}
ALICORN_APP(ALICORN_APP_PRELOAD_SAFE, .on_request = hello);
