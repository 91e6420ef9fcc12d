#include "workers/net/client_socket.hpp"

#include "base/invariant.hpp"

#include <utility>

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr std::int64_t kBlocked = -1, kDead = -2;

// The C library's functions are cancellation points, which in a process with threads costs two
// atomic operations each. No thread here is ever cancelled. ThreadSanitizer is to see them, though:
// it knows that what one end sends comes before what the other receives, and who has a descriptor.
#if defined(__SANITIZE_THREAD__)
void close_descriptor(int fd) {
  ::close(fd);
}
ssize_t receive(int fd, char* data, std::size_t size, int flags) {
  return ::recv(fd, data, size, flags | MSG_DONTWAIT);
}
ssize_t send_one(int fd, const iovec& part) {
  return ::send(fd, part.iov_base, part.iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
}
ssize_t send_message(int fd, const msghdr& message) {
  return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
#else
void close_descriptor(int fd) {
  ::syscall(SYS_close, fd);
}
ssize_t receive(int fd, char* data, std::size_t size, int flags) {
  return ::syscall(SYS_recvfrom, fd, data, size, flags | MSG_DONTWAIT, nullptr, nullptr);
}
ssize_t send_one(int fd, const iovec& part) {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  return ::syscall(SYS_sendto, fd, part.iov_base, part.iov_len, kFlags, nullptr, 0);
}
ssize_t send_message(int fd, const msghdr& message) {
  return ::syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
#endif

std::optional<std::size_t> unread_bytes(int fd) {
  int count = 0;
  if (::ioctl(fd, FIONREAD, &count) < 0) return std::nullopt;
  return static_cast<std::size_t>(count);
}

ssize_t send_all(int fd, const iovec* parts, int count) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);  // NOLINT: sendmsg only reads it
  message.msg_iovlen = static_cast<std::size_t>(count);
  return send_message(fd, message);
}

}  // namespace

bool has_unread_bytes(int fd) {
  return unread_bytes(fd).value_or(0) > 0;
}

void ClientSocket::open(int fd) {
  fd_ = UniqueFd(fd);
  in_loop_ = InLoop::kNotYet;
  has_hung_up_ = is_bulk_ = is_notice_due_ = ends_by_reset_ = false;
  is_readable_ = is_writable_ = true;
  read_end_ = ReadEnd::kNone;
}

ClientSocket::Seat ClientSocket::hand_over_to(EventLoop::Source& heir) {
  ensure(may_hand_over(), "nothing but a read is pending");
  loop_.replace(*this, heir);
  Seat seat{std::move(fd_), in_loop_};
  close();
  return seat;
}

void ClientSocket::take_over(Seat seat, EventLoop::Source& from, std::uint32_t events) {
  open(seat.fd.release());
  in_loop_ = seat.in_loop;
  loop_.replace(from, *this);
  note_events(events);
}

UniqueFd ClientSocket::release() {
  // Somebody will have a copy, so a close would not end the registration.
  const bool has_joined = in_loop_ == InLoop::kForInput || in_loop_ == InLoop::kForBoth;
  has_joined ? loop_.remove(*this, fd()) : loop_.forget(*this);
  UniqueFd fd = std::move(fd_);
  close();
  return fd;
}

void ClientSocket::close() {
  loop_.forget(*this);
  if (fd_) close_descriptor(fd_.release());
  is_reading_ = waiting_to_write_ = false;
}

/// From now on, events are reported; first those that describe how things stand.
void ClientSocket::join(InLoop wanted) {
  if (in_loop_ >= wanted) return;
  // Without a need for room the kernel must not report it: on a unix socket it would do so each
  // time that the client takes an answer.
  const std::uint32_t room = wanted == InLoop::kForBoth ? std::uint32_t{EPOLLOUT} : 0U;
  const std::uint32_t events = EPOLLIN | EPOLLRDHUP | EPOLLET | room;
  const bool is_taken = in_loop_ == InLoop::kNotYet ? loop_.add(*this, fd(), events)
                                                    : loop_.change(*this, fd(), events);
  in_loop_ = is_taken ? wanted : InLoop::kRefused;
  if (!is_taken) loop_.queue(*this);  // operations that wait fail
}

void ClientSocket::start_read() {
  is_reading_ = true;
  if (is_readable_ || in_loop_ == InLoop::kRefused) return queue_turn();
  if (in_loop_ == InLoop::kNotYet) join(InLoop::kForInput);
}

void ClientSocket::start_wait_writable() {
  waiting_to_write_ = true;
  if (is_writable_ || in_loop_ == InLoop::kRefused) return queue_turn();
  join(InLoop::kForBoth);
}

/// The event for new room may have come between the refusal and this call, so the flag alone would
/// wait forever. An event for room that is not there yet will still come.
bool ClientSocket::note_full() {
  pollfd entry{.fd = fd(), .events = POLLOUT, .revents = 0};
  is_writable_ = ::poll(&entry, 1, 0) == 1;
  if (waiting_to_write_) start_wait_writable();
  return in_loop_ != InLoop::kRefused;
}

void ClientSocket::on_events(std::uint32_t events) noexcept {
  note_events(events);
  if (is_bulk_ && events != EventLoop::kTurn) return loop_.yield(*this);
  bool has_news = std::exchange(is_notice_due_, false);
  if (waiting_to_write_ && (is_writable_ || in_loop_ == InLoop::kRefused)) {
    waiting_to_write_ = false;
    has_news = true;
  }
  if (is_reading_) {
    if (in_loop_ == InLoop::kRefused) {
      has_news = end_read(ReadEnd::kError, 0);
    } else if (is_readable_ && perform_read()) {
      has_news = true;
    }
  }
  if (has_news) owner_.on_socket_event();
}

void ClientSocket::note_events(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) has_hung_up_ = true;
  if ((events & EPOLLIN) != 0 || has_hung_up_) is_readable_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) is_writable_ = true;
}

/// False: nothing was there.
bool ClientSocket::perform_read() {
  const iovec space = owner_.read_space();
  const ssize_t got = receive(fd(), static_cast<char*>(space.iov_base), space.iov_len, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    if (errno == EINTR) {
      loop_.queue(*this);
    } else {
      is_readable_ = has_hung_up_;
      join(InLoop::kForInput);
    }
    owner_.on_nothing_read();
    return false;
  }
  if (got < 0) return end_read(ReadEnd::kError, 0);
  if (got == 0) return end_read(ReadEnd::kEof, 0);
  const auto count = static_cast<std::size_t>(got);
  // There was room for more: that was all. But an end that came with these bytes is not reported
  // again, nor at all before the socket has joined.
  if (count < space.iov_len && in_loop_ != InLoop::kNotYet && !has_hung_up_) is_readable_ = false;
  return end_read(ReadEnd::kData, count);
}

bool ClientSocket::end_read(ReadEnd end, std::size_t count) {
  is_reading_ = false;
  read_end_ = end;
  read_count_ = count;
  return true;
}

std::size_t ClientSocket::read_now(char* data, std::size_t size) {
  const ssize_t got = receive(fd(), data, size, 0);
  // The next start_read() finds an end or an error again.
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

ClientSocket::ReadEnd ClientSocket::take_read(std::size_t& count) {
  count = std::exchange(read_count_, 0);
  return std::exchange(read_end_, ReadEnd::kNone);
}

std::int64_t ClientSocket::send(const iovec* vectors, int count) {
  if (in_loop_ == InLoop::kRefused) return kDead;
  const ssize_t sent = count == 1 ? send_one(fd(), *vectors) : send_all(fd(), vectors, count);
  if (sent >= 0) return sent;
  if (errno == EINTR) return kBlocked;  // the flag stays: it is tried again
  if (errno != EAGAIN) return kDead;
  is_writable_ = false;
  // The wait may have begun when there was room, to let others have their turn.
  if (waiting_to_write_) join(InLoop::kForBoth);
  return kBlocked;
}

bool ClientSocket::hung_up() {
  pollfd entry{.fd = fd(), .events = 0, .revents = 0};
  return ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

std::optional<std::size_t> ClientSocket::last_bytes() {
  pollfd entry{.fd = fd(), .events = POLLRDHUP, .revents = 0};
  if (::poll(&entry, 1, 0) != 1 || (entry.revents & POLLRDHUP) == 0) return std::nullopt;
  return unread_bytes(fd());
}

bool ClientSocket::has_unread() {
  return has_unread_bytes(fd());
}

std::size_t ClientSocket::unsent() {
  int count = 0;
  if (::ioctl(fd(), SIOCOUTQ, &count) < 0) return 0;
  return static_cast<std::size_t>(count);
}

void ClientSocket::shutdown_write() {
  ::shutdown(fd(), SHUT_WR);
}

void ClientSocket::shut_down() {
  ::shutdown(fd(), SHUT_RDWR);
}

void ClientSocket::end_by_reset(bool is_cut) {
  ends_by_reset_ = is_cut;
  const linger how{is_cut ? 1 : 0, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &how, sizeof how);
}

}  // namespace alicorn
