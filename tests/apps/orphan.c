/* Leaves a process behind for every request: it ends soon, but after its parent. */
#include <alicorn/app.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void leave_orphan(void) {
  const pid_t child = fork();
  if (child == 0) {
    if (fork() == 0) {
      const struct timespec pause = {0, 100 * 1000000};
      nanosleep(&pause, NULL);
    }
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static int32_t on_request(alicorn_request* request) {
  leave_orphan();
  return alicorn_respond(request, 200, "text/plain", alicorn_text("left\n"));
}
ALICORN_APP(0, .name = ALICORN_LITERAL("orphan"), .on_request = on_request);
