/* /sleep?ms=N blocks the handler; anything else is answered at once. One callback at a time. */
#include <alicorn/app.h>
#include <stdlib.h>
#include <time.h>

static void block_for(long milliseconds) {
  struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) continue;
}

static int32_t on_request(alicorn_request* request) {
  if (alicorn_equals(request->path, "/sleep")) {
    char query[32] = "";
    size_t size = request->query.size < sizeof(query) ? request->query.size : sizeof(query) - 1;
    memcpy(query, request->query.data, size);
    block_for(strncmp(query, "ms=", 3) == 0 ? strtol(query + 3, NULL, 10) : 1000);
  }
  return alicorn_respond(request, 200, "text/plain", alicorn_text("awake\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("slow"), .on_request = on_request);
