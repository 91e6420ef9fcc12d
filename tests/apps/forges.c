/* An app whose processes send the master messages like a zygote's or a worker's. app.forge selects
 * which. */
#define _GNU_SOURCE
#include <alicorn/app.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kSpawned = 5, kAdopted = 6 };
struct message {
  uint32_t kind, slot;
  char words[500];
};

static int is_told(const alicorn_host* host, const char* expected) {
  alicorn_string value;
  return host->config_get(host, alicorn_text("forge"), &value) == ALICORN_OK &&
         value.size == strlen(expected) && memcmp(value.data, expected, value.size) == 0;
}
static void write_pid(const char* path) {
  char draft[64];
  snprintf(draft, sizeof draft, "%s.new", path);
  FILE* file = fopen(draft, "w");
  if (file == NULL) return;
  fprintf(file, "%d\n", (int)getpid());
  fclose(file);
  rename(draft, path);
}
static int zygotes_socket(void) {
  int found = -1;
  for (int fd = 3; fd < 200; ++fd) {
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET)
      found = fd;
  }
  return found;
}
static void say(int socket, uint32_t kind, uint32_t slot) {
  struct message message;
  memset(&message, 0, sizeof message);
  message.kind = kind;
  message.slot = slot;
  send(socket, &message, sizeof message, MSG_NOSIGNAL);
}
/* Takes the master's order before the zygote does, and claims to be the worker. Its parent stays
 * alive, so the master never becomes its parent. */
static void take_an_order(int says_adopted) {
  if (fork() != 0) return;
  const pid_t inner = fork();
  if (inner != 0) {
    waitpid(inner, NULL, 0);
    for (;;) pause();
  }
  const int socket = zygotes_socket();
  struct message order;
  if (recv(socket, &order, sizeof order, 0) != (ssize_t)sizeof order) _exit(1);
  say(socket, kSpawned, order.slot);
  if (says_adopted) say(socket, kAdopted, order.slot);
  write_pid("forged.pid");
  for (;;) pause();
}
static void flood(void) {
  if (fork() != 0) return;
  const int socket = zygotes_socket();
  for (;;) say(socket, kSpawned, 77);
}
/* A lingering socket with unread output: the process that closes it last blocks for two minutes. */
static int lingering_socket(void) {
  const struct linger linger = {.l_onoff = 1, .l_linger = 120};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM, 0), sender = socket(AF_INET, SOCK_STREAM, 0);
  static const char bytes[65536];
  if (bind(listener, (struct sockaddr*)&address, size) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, (struct sockaddr*)&address, &size) != 0 ||
      connect(sender, (struct sockaddr*)&address, size) != 0)
    return -1;
  if (fork() == 0) {
    alarm(120);
    write_pid("reader.pid");
    close(sender);
    for (;;) pause();
  }
  while (send(sender, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
  }
  setsockopt(sender, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  return sender;
}
static void send_open_socket(void) {
  struct message message;
  memset(&message, 0, sizeof message);
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
  } control;
  struct iovec piece = {&message, sizeof message};
  struct msghdr header = {.msg_iov = &piece,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof control.bytes};
  const int attached = lingering_socket();
  struct cmsghdr* const rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof attached);
  memcpy(CMSG_DATA(rights), &attached, sizeof attached);
  sendmsg(zygotes_socket(), &header, MSG_NOSIGNAL);
  close(attached);
}
/* Orphans, which the master must reap. Forking under AddressSanitizer takes 5 ms. */
#ifdef __SANITIZE_ADDRESS__
enum { kOrphans = 300 };
#else
enum { kOrphans = 3000 };
#endif
static void breed(void) {
  if (fork() != 0) return;
  for (int i = 0; i < kOrphans; ++i) {
    const pid_t middle = fork();
    if (middle == 0) _exit(fork() < 0 ? 1 : 0);
    waitpid(middle, NULL, 0);
  }
  write_pid("bred.pid");
  _exit(0);
}
/* A worker that the master has accepted also claims to be the second one, and ends. Only then does
 * the zygote fork the second one. */
static pid_t zygote;
static int kept_socket;
static void wait_for_word(void) {
  static int forks;
  if (getpid() != zygote || ++forks != 2) return;
  for (int i = 0; i < 3000 && access("said.pid", F_OK) != 0; ++i) usleep(10000);
}
static void stand_in_two_slots(void) {
  if (access("said.pid", F_OK) == 0) return;
  say(kept_socket, kSpawned, 1);
  write_pid("said.pid");
  _exit(0);
}
static int32_t preload(const alicorn_host* host, void** app_state) {
  (void)app_state;
  if (is_told(host, "announces")) take_an_order(0);
  if (is_told(host, "adopts")) take_an_order(1);
  if (is_told(host, "floods")) flood();
  if (is_told(host, "breeds")) breed();
  if (is_told(host, "lingers")) send_open_socket();
  if (is_told(host, "twice")) {
    zygote = getpid();
    kept_socket = dup(zygotes_socket());
    if (pthread_atfork(wait_for_word, NULL, NULL) != 0) return -1;
  }
  usleep(100000); /* until this process reads, before the zygote does */
  return ALICORN_OK;
}

/* Writes to everything shared with the master as fast as possible; a write may block. */
static void* wake_the_master(void* unused) {
  static const char bytes[4096] = "wake";
  for (;;) {
    for (int fd = 3; fd < 20; ++fd) {
      struct stat status;
      const int flags = fcntl(fd, F_GETFL);
      if (fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) continue;
      if ((flags & O_ACCMODE) != O_WRONLY) continue;
      fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
      if (write(fd, bytes, sizeof bytes) < 0) return unused;
    }
  }
}
static int32_t worker_init(const alicorn_host* host, const alicorn_worker* worker, void* app_state,
                           void** worker_state) {
  pthread_t thread;
  (void)worker, (void)app_state, (void)worker_state;
  if (is_told(host, "twice")) stand_in_two_slots();
  if (is_told(host, "wakes") && pthread_create(&thread, NULL, wake_the_master, NULL) != 0)
    return -1;
  return ALICORN_OK;
}
static int32_t on_request(alicorn_request* request) {
  return alicorn_respond(request, 200, "text/plain", alicorn_text("forges\n"));
}
ALICORN_APP(ALICORN_APP_PRELOAD_SAFE, .name = ALICORN_LITERAL("forges"), .preload = preload,
            .worker_init = worker_init, .on_request = on_request);
