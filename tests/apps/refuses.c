/* Its entry point returns NULL, after a log line. */
#include <alicorn/app.h>

const alicorn_app* alicorn_app_entry(const alicorn_host* host) {
  host->log(host, 0, ALICORN_LOG_ERROR, alicorn_text("not on a day like this"), NULL, 0);
  return NULL;
}
ALICORN_NOTE(0);
