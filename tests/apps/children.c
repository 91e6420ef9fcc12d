/* Starts processes, as an app may.
 *   /spawn    starts a program: which signals it finds blocked and ignored, and whether TERM ends
 * it /preload  the same for a program that preload started /fork     forks a child that waits for a
 * signal; answers with its pid /return   forks a child that returns from its callback, as no child
 * should /close    closes the standard streams /print    prints to them */
#include <alicorn/app.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static int32_t say(alicorn_request* request, const char* text) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text(text));
}

/* Writes to `text`; 0: failed. Without a shell, because some shells clear the signal mask. */
static int spawn(char* text, size_t text_size) {
  char tail[] = "tail", from[] = "-n+1", stay[] = "-f", file[] = "/proc/self/status";
  char* const words[] = {tail, from, stay, file, NULL};
  posix_spawn_file_actions_t actions;
  int ends[2];
  if (pipe(ends) != 0) return 0;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  const int error = posix_spawnp(&child, tail, &actions, NULL, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) return 0;
  text[0] = '\0';
  size_t size = 0;
  for (ssize_t got = 1;
       got > 0 && (size == 0 || strstr(text, "SigIgn") == NULL || text[size - 1] != '\n');) {
    got = read(ends[0], text + size, text_size - 65 - size);
    if (got > 0) size += (size_t)got;
    text[size] = '\0';
  }
  close(ends[0]);
  kill(child, SIGTERM);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  snprintf(text + size, text_size - size, "signal %d\n",
           WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return 1;
}

static char of_preload[4096];
static int32_t preload(const alicorn_host* host, void** app_state) {
  (void)host, (void)app_state;
  return spawn(of_preload, sizeof(of_preload)) ? ALICORN_OK : ALICORN_ERROR;
}

static int32_t fork_one(alicorn_request* request) {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  char text[32];
  snprintf(text, sizeof(text), "%d\n", (int)child);
  return say(request, text);
}

static int32_t on_request(alicorn_request* request) {
  char text[4096];
  if (alicorn_equals(request->path, "/spawn"))
    return spawn(text, sizeof(text)) ? say(request, text) : ALICORN_ERROR;
  if (alicorn_equals(request->path, "/preload")) return say(request, of_preload);
  if (alicorn_equals(request->path, "/fork")) return fork_one(request);
  if (alicorn_equals(request->path, "/return"))
    return say(request, fork() == 0 ? "child\n" : "parent\n");
  if (alicorn_equals(request->path, "/close"))
    for (int fd = 0; fd < 3; fd++) close(fd);
  if (alicorn_equals(request->path, "/print"))
    for (int fd = 0; fd < 3; fd++)
      if (write(fd, "printed", 7) < 0) continue;
  return say(request, "done\n");
}
ALICORN_APP(ALICORN_APP_PRELOAD_SAFE, .name = ALICORN_LITERAL("children"), .preload = preload,
            .on_request = on_request);
