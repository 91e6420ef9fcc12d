/* Reports which process read its data. app.preload: what its preload does besides reading
 * app.megabytes of data; app.worker: what worker_init does. */
#include <alicorn/app.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static char* data;
static size_t data_size;
static int loader;

static int is_told(const alicorn_host* host, const char* key, const char* expected) {
  alicorn_string value;
  return host->config_get(host, alicorn_text(key), &value) == ALICORN_OK &&
         value.size == strlen(expected) && memcmp(value.data, expected, value.size) == 0;
}
static void* idle(void* unused) {
  prctl(PR_SET_NAME, "idle-pool");
  for (;;) pause();
  return unused;
}
static void hang(void) {
  for (;;) pause();
}
static int32_t preload(const alicorn_host* host, void** app_state) {
  alicorn_string megabytes;
  pthread_t thread;
  host->log(host, 0, ALICORN_LOG_INFO, alicorn_text("preloaded: reads its data"), NULL, 0);
  if (host->config_get(host, alicorn_text("megabytes"), &megabytes) == ALICORN_OK) {
    data_size = strtoul(megabytes.data, NULL, 10) << 20;
  }
  data = malloc(data_size + 1);
  if (data == NULL) return ALICORN_ERROR_MEMORY;
  memset(data, 'x', data_size + 1);
  loader = (int)getpid();
  *app_state = data;
  if (is_told(host, "preload", "fail")) return -7;
  if (is_told(host, "preload", "exit")) _exit(9);
  if (is_told(host, "preload", "crash")) abort();
  if (is_told(host, "preload", "hang")) hang();
  if (is_told(host, "preload", "thread")) pthread_create(&thread, NULL, idle, NULL);
  return ALICORN_OK;
}
static int32_t worker_init(const alicorn_host* host, const alicorn_worker* worker, void* app_state,
                           void** worker_state) {
  pthread_t thread;
  (void)worker, (void)app_state, (void)worker_state;
  host->log(host, 0, ALICORN_LOG_INFO, alicorn_text("preloaded: worker_init"), NULL, 0);
  /* Allowed from here on. */
  if (pthread_create(&thread, NULL, idle, NULL) != 0) return -1;
  if (is_told(host, "worker", "hang")) hang();
  return is_told(host, "worker", "fail") ? -8 : ALICORN_OK;
}
static int32_t on_request(alicorn_request* request) {
  char text[64];
  size_t sum = 0;
  for (size_t i = 0; i < data_size; i += 4096) sum += data[i] == 'x';
  snprintf(text, sizeof text, "%s by %d\n", sum * 4096 >= data_size ? "read" : "damaged", loader);
  return alicorn_respond(request, 200, "text/plain", alicorn_text(text));
}
ALICORN_APP(ALICORN_APP_PRELOAD_SAFE, .name = ALICORN_LITERAL("preloaded"), .preload = preload,
            .worker_init = worker_init, .on_request = on_request);
