#include "server/control/control_socket.hpp"

#include "server/control/answer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr milliseconds kPauseWithoutDescriptors{1'000};

/// Closing a unix socket with unread bytes makes the client see a reset. This reads a bounded
/// amount, so only a client that sends even more is reset.
void discard_input(int fd) {
  std::array<char, 4096> bytes{};
  for (int i = 0; i < 32; ++i) {
    if (::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT) <= 0) return;
  }
}

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

void ControlSocket::listen(ControlListener listener) {
  listener_.close();
  listener_ = std::move(listener);
  accept_from_ = {};
}

short ControlSocket::events_of(const Client& client) {
  switch (client.state) {
    case State::kReading:
      return POLLIN;
    case State::kWriting:
      return POLLOUT;
    default:
      return 0;  // poll() reports a hang-up in any case
  }
}

std::vector<pollfd> ControlSocket::awaited(MonotonicTime now) const {
  std::vector<pollfd> awaited;
  const bool has_room = clients_.size() < kClientsMax || can_make_room(now);
  if (listener_.fd() >= 0 && has_room && now >= accept_from_) {
    awaited.push_back({.fd = listener_.fd(), .events = POLLIN, .revents = 0});
  }
  for (const Client& client : clients_) {
    awaited.push_back({.fd = client.fd.get(), .events = events_of(client), .revents = 0});
  }
  return awaited;
}

std::optional<MonotonicTime> ControlSocket::next_deadline(MonotonicTime now) const {
  std::optional<MonotonicTime> next;
  const auto consider = [&](MonotonicTime time) { next = next ? std::min(*next, time) : time; };
  if (accept_from_ != MonotonicTime{}) consider(accept_from_);
  for (const Client& client : clients_) consider(client.deadline);
  // From that time on the listener is polled, and the next client ends the wait.
  const bool is_full = clients_.size() == kClientsMax && !can_make_room(now);
  if (const Client* const next_to_go = is_full ? slowest() : nullptr; next_to_go != nullptr) {
    consider(next_to_go->turn_began + kTurnTime);
  }
  return next;
}

std::vector<int> ControlSocket::descriptors() const {
  std::vector<int> fds;
  if (listener_.fd() >= 0) fds.push_back(listener_.fd());
  for (const Client& client : clients_) fds.push_back(client.fd.get());
  return fds;
}

bool ControlSocket::waits(std::uint64_t client) const {
  return std::any_of(clients_.begin(), clients_.end(), [client](const Client& candidate) {
    return candidate.number == client && candidate.state == State::kWaiting;
  });
}

std::vector<ControlRequest> ControlSocket::serve(MonotonicTime now) {
  std::vector<ControlRequest> requests;
  for (Client& client : clients_) attend(client, now, requests);
  const auto leave = [this] {
    std::erase_if(clients_, [](const Client& client) { return client.state == State::kDone; });
  };
  leave();
  accept_all(now, requests);
  leave();
  return requests;
}

void ControlSocket::attend(Client& client, MonotonicTime now,
                           std::vector<ControlRequest>& requests) {
  pollfd look{.fd = client.fd.get(), .events = events_of(client), .revents = 0};
  if (::poll(&look, 1, 0) > 0) {
    if (client.state == State::kReading) {
      if (auto request = read(client, now)) requests.push_back(std::move(*request));
    } else if (client.state == State::kWriting) {
      write(client);
    } else if ((look.revents & (POLLHUP | POLLERR)) != 0) {
      client.state = State::kDone;
    }
  }
  if (now < client.deadline) return;
  if (client.state == State::kWaiting) return show_life(client, now);
  client.state = State::kDone;
}

/// Serves new clients at once: a client that sends its request as it connects is answered before it
/// could be dropped. One turn accepts at most as many clients as there is room for.
void ControlSocket::accept_all(MonotonicTime now, std::vector<ControlRequest>& requests) {
  if (listener_.fd() < 0 || now < accept_from_) return;
  accept_from_ = {};
  for (std::size_t i = 0; i < kClientsMax; ++i) {
    if (clients_.size() == kClientsMax) {
      if (!can_make_room(now) || !has_newcomer()) return;
      make_room(now);
    }
    if (!accept_one(now)) return;
    attend(clients_.back(), now, requests);
  }
}

bool ControlSocket::has_newcomer() const {
  pollfd look{.fd = listener_.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&look, 1, 0) > 0;
}

/// The slowest client that has not sent its request yet or does not read its answer. Clients that
/// wait for the master are not candidates.
const ControlSocket::Client* ControlSocket::slowest() const {
  const Client* slowest = nullptr;
  for (const Client& client : clients_) {
    if (client.state == State::kWaiting) continue;
    if (slowest == nullptr || client.turn_began < slowest->turn_began) slowest = &client;
  }
  return slowest;
}

bool ControlSocket::can_make_room(MonotonicTime now) const {
  const Client* const client = slowest();
  return client != nullptr && now - client->turn_began >= kTurnTime;
}

void ControlSocket::make_room(MonotonicTime now) {
  const std::uint64_t number = slowest()->number;
  const auto client = std::find_if(clients_.begin(), clients_.end(),
                                   [&](const Client& one) { return one.number == number; });
  if (client->state == State::kReading) {
    start_answer(*client, refusal("other clients wait, and no request has come"), now);
  }
  clients_.erase(client);
}

/// A waiting client may half-close its connection, so only a failed send shows that it is gone.
void ControlSocket::show_life(Client& client, MonotonicTime now) {
  client.deadline = now + kBetweenSigns;
  const ssize_t size =
      ::send(client.fd.get(), &kSignOfLife, sizeof(kSignOfLife), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size < 0 && !would_block(errno)) client.state = State::kDone;
}

/// False if no client is there, or none can be accepted.
bool ControlSocket::accept_one(MonotonicTime now) {
  UniqueFd fd(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) {
    if (errno == ECONNABORTED) return true;
    if (!would_block(errno)) accept_from_ = now + kPauseWithoutDescriptors;
    return false;
  }
  ucred peer{};
  socklen_t size = sizeof(peer);
  const bool is_known = ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  Client client{.number = ++last_number_,
                .fd = std::move(fd),
                .state = State::kReading,
                .bytes = {},
                .sent = 0,
                .deadline = now + kRequestTime,
                .turn_began = now,
                .pid = peer.pid,
                .uid = peer.uid};
  // The file's mode ensures this too, but somebody may change the mode.
  if (!is_known || (peer.uid != 0 && peer.uid != ::geteuid())) {
    start_answer(client, refusal("only the owner of the server may control it"), now);
  }
  clients_.push_back(std::move(client));
  return true;
}

/// A request, once its line is complete. A request without a line end is accepted too.
std::optional<ControlRequest> ControlSocket::read(Client& client, MonotonicTime now) {
  std::array<char, kRequestMax> bytes{};
  const ssize_t size = ::recv(client.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (size < 0 && would_block(errno)) return std::nullopt;
  if (size > 0) client.bytes.append(bytes.data(), static_cast<std::size_t>(size));
  const std::size_t end = client.bytes.find('\n');
  if (end == std::string::npos && size > 0 && client.bytes.size() <= kRequestMax) {
    return std::nullopt;
  }
  if (size < 0 || client.bytes.empty()) {
    client.state = State::kDone;
    return std::nullopt;
  }
  if (std::min(end, client.bytes.size()) > kRequestMax) {
    start_answer(
        client, refusal("a request is a line of at most " + std::to_string(kRequestMax) + " bytes"),
        now);
    return std::nullopt;
  }
  client.state = State::kWaiting;
  client.deadline = now + kBetweenSigns;
  std::string line = client.bytes.substr(0, end);
  client.bytes.clear();
  return ControlRequest{client.number, client.pid, client.uid, std::move(line)};
}

void ControlSocket::answer(std::uint64_t client, const std::string& text, MonotonicTime now) {
  const auto found = std::find_if(clients_.begin(), clients_.end(), [&](const Client& candidate) {
    return candidate.number == client && candidate.state == State::kWaiting;
  });
  if (found == clients_.end()) return;
  start_answer(*found, text, now);
  if (found->state == State::kDone) clients_.erase(found);
}

void ControlSocket::start_answer(Client& client, const std::string& text, MonotonicTime now) {
  client.bytes = text + '\n';
  client.sent = 0;
  client.state = State::kWriting;
  client.deadline = now + kAnswerTime;
  client.turn_began = now;
  write(client);
}

void ControlSocket::write(Client& client) {
  while (client.sent < client.bytes.size()) {
    const ssize_t size = ::send(client.fd.get(), client.bytes.data() + client.sent,
                                client.bytes.size() - client.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0) {
      if (!would_block(errno)) client.state = State::kDone;
      return;
    }
    client.sent += static_cast<std::size_t>(size);
  }
  discard_input(client.fd.get());
  client.state = State::kDone;
}

}  // namespace alicorn
