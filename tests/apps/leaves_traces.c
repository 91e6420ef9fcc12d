/* Leaves a file if any of its code runs: its constructor, or an ifunc resolver of the loader. */
#include <alicorn/app.h>
#include <fcntl.h>
#include <unistd.h>

static void leave(const char* name) {
  const int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (fd >= 0) close(fd);
}
__attribute__((constructor)) static void construct(void) {
  leave("constructor.ran");
}
static int answer(void) {
  return 200;
}
static int (*resolve(void))(void) {
  return answer;
}
int status(void) __attribute__((ifunc("resolve"), visibility("default")));

static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, status(), "text/plain", alicorn_text("ran\n"));
}
ALICORN_APP(0, .on_request = on_request);
