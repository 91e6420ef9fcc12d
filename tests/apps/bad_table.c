/* The flags in its table differ from those in its note. */
#include <alicorn/app.h>

static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("never\n"));
}
const alicorn_app* alicorn_app_entry(const alicorn_host* host) {
  static alicorn_app app;
  (void)host;
  app.struct_size = sizeof(app);
  app.abi_major = ALICORN_ABI_MAJOR;
  app.abi_minor = ALICORN_MINIMUM_MINOR;
  app.flags = ALICORN_APP_THREAD_SAFE;
  app.on_request = on_request;
  return &app;
}
ALICORN_NOTE(0);
