#include "workers/net/acceptor.hpp"

#include "base/log.hpp"
#include "base/standard_streams.hpp"

#include <string>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// During a storm of connections the queue of a listener that others keep open is never empty. The
/// limit is the kernel's default queue length (net.core.somaxconn).
constexpr int kAcceptsAtStop = 4096;
/// Clients taken in one look, before other work gets its turn of the loop.
constexpr int kAcceptsPerLook = 64;
constexpr milliseconds kLongTurn{1};

// As in client_socket.cpp: accept4(2) is a cancellation point.
int accept_client(int fd, sockaddr_storage& storage, socklen_t& size) {
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
#if defined(__SANITIZE_THREAD__)
  return ::accept4(fd, address, &size, kFlags);
#else
  return static_cast<int>(::syscall(SYS_accept4, fd, address, &size, kFlags));
#endif
}

void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

AcceptFailure classify_accept_failure(int error) {
  switch (error) {
    case EAGAIN:
      return AcceptFailure::kNobody;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    // The descriptor no longer listens: somebody shut it down for every worker.
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
      return AcceptFailure::kNoResource;
    default:
      // According to accept(2), accept also returns pending network errors of the new connection.
      return AcceptFailure::kThisClient;
  }
}

Acceptor::Acceptor(EventLoop& loop, const WorkerListener& listener, std::size_t index,
                   Reception& reception, WorkerSlot& scoreboard,
                   const std::function<void()>& left_one)
    : reception_(reception),
      scoreboard_(scoreboard),
      left_one_(left_one),
      listener_(listener.address),
      index_(index),
      local_(listener.address),
      local_is_wildcard_(listener_.ip() == "0.0.0.0" || listener_.ip() == "::"),
      loop_(loop),
      socket_(listener.fd),
      place_({.index = listener.place, .count = listener.places}),
      state_(place_.place().is_shared() ? State::kPaused : State::kElsewhere) {}

void Acceptor::look_again(Occasion occasion) {
  if (state_ == State::kLeft) look(occasion);
}

void Acceptor::look_at_place(const std::optional<Rank>& rank, MonotonicTime now) {
  if (state_ == State::kStopped) return;
  const bool is_ours = place_.look(rank, now);
  if (is_ours == (state_ != State::kElsewhere)) return;
  state_ = is_ours ? State::kPaused : State::kElsewhere;
  if (!is_ours) leave_loop();
}

void Acceptor::resume() {
  if (state_ == State::kPaused) loop_.queue(*this);
}

void Acceptor::go_on() {
  if (reception_.has_room()) return wait();
  make_room(now());
}

/// The ended connections close one after the other, and each calls resume().
void Acceptor::make_room(MonotonicTime time) {
  if (reception_.wants_room(place_.place(), time) && anyone_waits()) reception_.make_room(time);
}

void Acceptor::wait() {
  if (!join()) return;
  state_ = State::kWaiting;
  if (has_waiting_) loop_.queue(*this);
}

/// False: the loop cannot take the listener now; the sweep tries again.
bool Acceptor::join() {
  if (has_joined_) return true;
  has_joined_ = loop_.add(*this, socket_.get(), EPOLLIN | EPOLLET);
  if (!has_joined_) {
    state_ = State::kPaused;
  } else if (!listener_.is_unix()) {
    set_no_delay(socket_.get());
  }
  return has_joined_;
}

void Acceptor::on_events(std::uint32_t events) noexcept {
  if (events != EventLoop::kTurn) has_waiting_ = true;
  if (events == EventLoop::kTurn && state_ == State::kPaused) return go_on();
  // The siblings' loads may have changed since it left a client to them. If all waited for the time
  // to look again, each would leave the clients to others that do not look either.
  const bool is_news = state_ == State::kLeft && events != EventLoop::kTurn;
  if (is_news || (state_ == State::kWaiting && has_waiting_)) look(Occasion::kArrival);
}

/// Takes all waiting clients that are this worker's. With one client per turn, the last client of a
/// burst would wait for as many turns.
void Acceptor::look(Occasion occasion) {
  state_ = State::kLooking;
  const MonotonicTime time = loop_.time();
  Reception::Look look{place_.place(), occasion, time, time - looked_at_ > kLongTurn};
  looked_at_ = time;
  for (int looks = 0; looks < kAcceptsPerLook; ++looks) {
    if (!reception_.has_room()) {
      state_ = State::kPaused;
      return make_room(time);
    }
    if (reception_.judge(gate_, look) == AcceptGate::Verdict::kLeave) {
      // What the clients just taken want is known in the next turn.
      if (look.taken > 0) break;
      if (anyone_waits()) {
        state_ = State::kLeft;
        return left_one_();
      }
      note_nobody_waits();
      break;
    }
    const Accepted accepted = accept_one();
    if (accepted == Accepted::kNothing) {
      state_ = State::kPaused;  // a wait would end at once; the sweep tries again
      return;
    }
    if (accepted == Accepted::kNobody) {
      note_nobody_waits();
      break;
    }
    // Most clients come alone. accept4(2) makes a socket before it finds that nobody waits.
    if (++look.taken == 1 && !anyone_waits()) {
      note_nobody_waits();
      break;
    }
  }
  wait();
}

void Acceptor::note_nobody_waits() {
  has_waiting_ = sets_no_delay_ = false;
  gate_.note_nobody_waits();
}

bool Acceptor::anyone_waits() {
  pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0;
}

Acceptor::Accepted Acceptor::accept_one() {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  int fd = accept_client(socket_.get(), storage, size);
  if (fd >= 0) {
    fd = above_standard_streams(fd);
    complaint_.reset();
    if (local_is_wildcard_) refresh_local_address(fd);
    if (sets_no_delay_ && !listener_.is_unix()) set_no_delay(fd);
    scoreboard_.accepted.fetch_add(1, std::memory_order_relaxed);
    reception_.take(fd, Address::from_sockaddr(storage, size), local_);
    return Accepted::kClient;
  }
  const int error = errno;
  switch (classify_accept_failure(error)) {
    case AcceptFailure::kNobody:
      complaint_.reset();
      return Accepted::kNobody;
    case AcceptFailure::kThisClient:
      return Accepted::kClient;
    case AcceptFailure::kNoResource:
      break;
  }
  complain(error);
  return Accepted::kNothing;
}

/// Logged only now and then, because the sweep tries again five times a second.
void Acceptor::complain(int error) {
  if (!complaint_.is_due(to_us(now()))) return;
  log::error("cannot accept connections on " + listener_.text() + ": " +
             std::error_code(error, std::system_category()).message() +
             (error == EMFILE ? "; raise LimitNOFILE or lower worker_connections" : ""));
}

/// For a listener on all interfaces: finds out which address the client connected to.
void Acceptor::refresh_local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0) {
    local_ = Address::from_sockaddr(storage, size);
  }
}

void Acceptor::stop(Queued queued) {
  if (state_ == State::kStopped) return;
  state_ = State::kLooking;
  if (is_left_to_others_) queued = Queued::kLeave;
  while (queued == Queued::kTake && accepts_at_stop_++ < kAcceptsAtStop) {
    const Accepted accepted = accept_one();
    if (accepted == Accepted::kClient) continue;
    // No descriptor is free, so the rest of the queue waits. Try again when other connections have
    // ended.
    if (accepted == Accepted::kNothing) {
      state_ = State::kPaused;
      return;
    }
    break;
  }
  state_ = State::kStopped;
  close();
}

/// Others hold the socket, so closing it would not end its registration.
void Acceptor::leave_loop() {
  if (has_joined_) loop_.remove(*this, socket_.get());
  has_joined_ = false;
  has_waiting_ = true;
  loop_.forget(*this);
}

void Acceptor::close() {
  leave_loop();
  socket_.reset();
}

void Acceptor::leave_to_others() {
  is_left_to_others_ = scoreboard_.is_of_others(index_);
  if (is_left_to_others_ && place_.place().is_shared()) stop(Queued::kLeave);
}

}  // namespace alicorn
