/* Prints a line to each standard stream for every request, 100 MB for /flood. One callback at a
 * time. */
#include <alicorn/app.h>
#include <stdio.h>

static void flood(void) {
  static char line[1024];
  memset(line, 'x', sizeof(line) - 1);
  line[sizeof(line) - 1] = '\n';
  for (int i = 0; i < 100 * 1024; ++i) fwrite(line, 1, sizeof(line), stdout);
}

static int32_t on_request(alicorn_request* request) {
  puts("to standard output");
  fputs("to standard error\n", stderr);
  if (alicorn_equals(request->path, "/flood")) flood();
  fflush(stdout);
  return alicorn_respond(request, 200, "text/plain", alicorn_text("said\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("chatty"), .on_request = on_request);
