/* /stray overwrites the beginning of the largest shared mapping, which is the server's scoreboard,
 * and then dies. Anything else is answered at once. */
#include <alicorn/app.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void* largest_shared_mapping(void) {
  FILE* const maps = fopen("/proc/self/maps", "re");
  if (maps == NULL) return NULL;
  uintptr_t largest = 0, largest_size = 0;
  char line[512];
  while (fgets(line, sizeof line, maps) != NULL) {
    char* rest = NULL;
    const uintptr_t first = (uintptr_t)strtoull(line, &rest, 16);
    const uintptr_t size = (uintptr_t)strtoull(rest + 1, &rest, 16) - first;
    if (strncmp(rest, " rw-s", 5) != 0 || size <= largest_size) continue;
    largest = first;
    largest_size = size;
  }
  fclose(maps);
  return (void*)largest;
}

static int32_t on_request(alicorn_request* request) {
  if (alicorn_equals(request->path, "/stray")) {
    unsigned char* const shared = largest_shared_mapping();
    if (shared == NULL)
      return alicorn_respond(request, 500, "text/plain", alicorn_text("no such mapping\n"));
    memset(shared, 0xee, 1024);
    abort();
  }
  return alicorn_respond(request, 200, "text/plain", alicorn_text("alive\n"));
}
ALICORN_APP(ALICORN_APP_THREAD_SAFE, .name = ALICORN_LITERAL("stray write"),
            .on_request = on_request);
