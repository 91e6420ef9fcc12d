/* Answers with as many MiB as the query says. May run on several threads.
 *   /copied    from its own memory, which the server copies
 *   /given     in memory from malloc, which the server frees
 *   /written   in pieces of 64 KiB
 *   otherwise  the size of the request's body, without a body of its own */
#include <alicorn/app.h>
#include <stdio.h>
#include <stdlib.h>

enum { MEBIBYTE = 1 << 20, SIZE_MAX_MEBIBYTES = 16 };
static char copied[SIZE_MAX_MEBIBYTES * MEBIBYTE];

static int32_t answer(alicorn_request* request, const alicorn_buffer* buffer) {
  return request->host->respond(request, 200, NULL, 0, buffer);
}
static int32_t write_all(alicorn_request* request, size_t size) {
  const alicorn_buffer piece = {copied, 64 * 1024, NULL, NULL};
  int32_t result = request->host->begin(request, 200, NULL, 0, (int64_t)size);
  for (size_t sent = 0; sent < size && result == ALICORN_OK; sent += piece.size) {
    result = request->host->write(request, &piece, 1);
  }
  return result == ALICORN_OK ? request->host->end(request, NULL, 0) : result;
}
static int32_t on_request(alicorn_request* request) {
  char text[32] = "";
  if (request->query.size < sizeof(text)) memcpy(text, request->query.data, request->query.size);
  const size_t size = strtoul(text, NULL, 10) % (SIZE_MAX_MEBIBYTES + 1) * MEBIBYTE;
  if (alicorn_equals(request->path, "/copied"))
    return answer(request, &(alicorn_buffer){copied, size, NULL, NULL});
  if (alicorn_equals(request->path, "/given")) {
    char* const given = malloc(size);
    return answer(request, &(alicorn_buffer){memset(given, 'x', size), size, free, given});
  }
  if (alicorn_equals(request->path, "/written")) return write_all(request, size);
  snprintf(text, sizeof(text), "%zu\n", request->body.size);
  return alicorn_respond(request, 200, "text/plain", alicorn_text(text));
}
ALICORN_APP(ALICORN_APP_THREAD_SAFE, .name = ALICORN_LITERAL("large"), .on_request = on_request);
