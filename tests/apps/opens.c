/* Opens the file named by the path, on the thread of its callback. */
#include <alicorn/app.h>
#include <fcntl.h>
#include <unistd.h>

static int32_t on_request(alicorn_request* request) {
  char path[512] = "";
  const size_t size = request->path.size;
  if (size >= sizeof(path)) return ALICORN_ERROR;
  memcpy(path, request->path.data, size);
  request->host->log(request->host, 0, ALICORN_LOG_INFO, alicorn_text("opens it"), NULL, 0);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("opened\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("opens"), .on_request = on_request);
