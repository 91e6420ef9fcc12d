#include <alicorn/app.hpp>

static void hello(alicorn::Request& request) {
  request.respond(200, "text/plain", "Hello, world\n");
}
ALICORN_CPP_APP(hello, ALICORN_APP_PRELOAD_SAFE);
