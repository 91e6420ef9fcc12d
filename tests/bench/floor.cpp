// The yardstick of the benchmarks: what the kernel's part of a request costs. One process with one
// epoll set, which parses nothing and answers with canned text.
//
//   floor PORT | PATH     on 127.0.0.1, or on a unix socket
//
// It looks for the empty line, and at the bytes before it. A head that ends in "Connection: close"
// is the last one of its connection. A head that ends in "Content-Length: N" has a body, and the
// body is the answer. The benchmarks' requests are written so that this is enough.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

constexpr std::size_t kRequestMax = 128 * 1024;
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kClose = "\r\nConnection: close";
constexpr std::string_view kLength = "\r\nContent-Length: ";
// As long as the answers of the servers that are compared with it.
constexpr std::string_view kFields =
    "HTTP/1.1 200 OK\r\nServer: floor\r\nDate: Sun, 22 Nov 2026 00:00:00 GMT\r\n"
    "Content-Type: text/plain\r\n";
constexpr std::string_view kText = "Content-Length: 13\r\n\r\nHello, world\n";
constexpr std::string_view kTextAndClose =
    "Content-Length: 13\r\nConnection: close\r\n\r\nHello, world\n";

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int listen_on_port(long port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // what is accepted inherits it
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("floor: bind");
  return fd;
}

int listen_on_path(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    std::fputs("floor: the path of the socket is too long\n", stderr);
    std::exit(2);
  }
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("floor: bind");
  return fd;
}

bool send_both(int fd, std::string_view first, std::string_view second) {
  iovec parts[] = {{const_cast<char*>(first.data()), first.size()},
                   {const_cast<char*>(second.data()), second.size()}};
  return ::writev(fd, parts, 2) == static_cast<ssize_t>(first.size() + second.size());
}

class Floor {
 public:
  explicit Floor(int listener) : listener_(listener) { watch(listener); }

  [[noreturn]] void run() {
    epoll_event events[256];
    for (;;) {
      const int count = ::epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        if (fd == listener_)
          accept_all();
        else if (!serve(fd))
          drop(fd);
      }
    }
  }

 private:
  void watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("floor: epoll_ctl");
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      // The request is often there already. If it ends the connection, epoll need not know of it.
      if (serve(fd))
        watch(fd);
      else
        drop(fd);
    }
  }

  void drop(int fd) {
    begun_.erase(fd);
    ::close(fd);
  }

  /// False: the connection has ended.
  bool serve(int fd) {
    const ssize_t size = ::recv(fd, bytes_, sizeof bytes_, 0);
    if (size <= 0) return size < 0 && errno == EAGAIN;
    std::string_view received(bytes_, static_cast<std::size_t>(size));
    const auto begun = begun_.find(fd);
    if (begun == begun_.end()) {
      if (!answer(fd, received)) return false;
      if (!received.empty()) begun_.emplace(fd, received);
      return true;
    }
    std::string whole = std::move(begun->second);
    begun_.erase(begun);
    whole += received;
    received = whole;
    if (whole.size() > kRequestMax || !answer(fd, received)) return false;
    if (!received.empty()) begun_.emplace(fd, received);
    return true;
  }

  /// Answers the requests that are whole and takes them off. False: close the connection.
  static bool answer(int fd, std::string_view& received) {
    for (;;) {
      const auto end = received.find(kHeadEnd);
      if (end == received.npos) return true;
      const std::string_view head = received.substr(0, end);
      if (head.ends_with(kClose)) {
        send_both(fd, kFields, kTextAndClose);
        return false;
      }
      std::size_t body_size = 0;
      if (head.starts_with("POST")) {
        const auto length = head.rfind(kLength);
        if (length == head.npos) return false;
        body_size = std::strtoul(head.data() + length + kLength.size(), nullptr, 10);
      }
      const std::string_view rest = received.substr(end + kHeadEnd.size());
      if (rest.size() < body_size) return true;
      if (!(body_size == 0 ? send_both(fd, kFields, kText) : echo(fd, rest.substr(0, body_size))))
        return false;
      received = rest.substr(body_size);
    }
  }

  static bool echo(int fd, std::string_view body) {
    const std::string head =
        std::string(kFields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return send_both(fd, head, body);
  }

  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  int listener_;
  std::unordered_map<int, std::string> begun_;  ///< requests of which only a part has come
  char bytes_[kRequestMax];
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: floor PORT | PATH\n", stderr);
    return 2;
  }
  ::signal(SIGPIPE, SIG_IGN);
  const std::string_view where = argv[1];
  const int listener =
      where.find('/') == where.npos ? listen_on_port(std::atol(argv[1])) : listen_on_path(where);
  if (::listen(listener, 4096) != 0) fail("floor: listen");
  static Floor floor(listener);
  floor.run();
}
