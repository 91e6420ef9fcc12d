/* Preloaded into a server: kills a worker at a certain step of a hand-over. ALICORN_TEST_DIES_AT
 * says at which: "offer" (before the message is sent), "offered" (after it), "taken" (the message
 * has been read, and the client is not claimed yet), "claimed" (the first call about the client
 * afterwards). ALICORN_TEST_DIES_AFTER says after how many of them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int steps;
static int client = -1; /* the one that has just come */

static int carries_a_descriptor(const struct msghdr* message) {
  return message->msg_control != NULL && message->msg_controllen >= CMSG_LEN(sizeof(int));
}
static void reach(const char* step) {
  const char* const wanted = getenv("ALICORN_TEST_DIES_AT");
  const char* const after = getenv("ALICORN_TEST_DIES_AFTER");
  if (wanted == NULL || after == NULL || strcmp(step, wanted) != 0) return;
  if (++steps > atoi(after)) kill(getpid(), SIGKILL);
}
ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  static ssize_t (*next)(int, const struct msghdr*, int);
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "sendmsg");
  const int is_offer = carries_a_descriptor(message);
  if (is_offer) reach("offer");
  const ssize_t sent = next(fd, message, flags);
  if (is_offer && sent > 0) reach("offered");
  return sent;
}
ssize_t recvmsg(int fd, struct msghdr* message, int flags) {
  static ssize_t (*next)(int, struct msghdr*, int);
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "recvmsg");
  const ssize_t got = next(fd, message, flags);
  const struct cmsghdr* const control = got > 0 ? CMSG_FIRSTHDR(message) : NULL;
  if (control == NULL || control->cmsg_type != SCM_RIGHTS) return got;
  memcpy(&client, CMSG_DATA(control), sizeof client);
  reach("taken");
  return got;
}
int epoll_ctl(int set, int operation, int fd, struct epoll_event* event) {
  static int (*next)(int, int, int, struct epoll_event*);
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "epoll_ctl");
  if (fd == client && operation == EPOLL_CTL_ADD) {
    client = -1;
    reach("claimed");
  }
  return next(set, operation, fd, event);
}
