/* Sets a state only in preload, which the worker and its threads then inherit. Not preload-safe. */
#include <alicorn/app.h>

static int answer = 42;

static int32_t preload(const alicorn_host* host, void** app_state) {
  (void)host;
  *app_state = &answer;
  return ALICORN_OK;
}
static int32_t on_request(alicorn_request* request) {
  const int has_states = request->worker_state == &answer && request->thread_state == &answer;
  return alicorn_respond(request, has_states ? 200 : 500, "text/plain", alicorn_text("states\n"));
}
ALICORN_APP(0, .preload = preload, .on_request = on_request);
