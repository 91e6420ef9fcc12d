/* Logs as many lines of a thousand bytes as the query says. */
#include <alicorn/app.h>
#include <stdlib.h>

static int32_t on_request(alicorn_request* request) {
  char digits[16] = "", line[1001];
  if (request->query.size < sizeof(digits))
    memcpy(digits, request->query.data, request->query.size);
  memset(line, 'x', sizeof(line) - 1);
  line[sizeof(line) - 1] = '\0';
  for (long left = strtol(digits, NULL, 10); left > 0; left--)
    alicorn_log(request, ALICORN_LOG_INFO, line);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("logged\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("logs"), .on_request = on_request);
