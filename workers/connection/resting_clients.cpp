#include "workers/connection/resting_clients.hpp"

#include "workers/app/try_allocating.hpp"

#include <algorithm>
#include <new>

#include <sys/socket.h>

namespace alicorn {
namespace {

/// A client that rests is owed nothing.
const OutputQueue nothing_queued;

}  // namespace

RestingClient::RestingClient(RestingClients& home, ClientSocket& socket, const RestState& state)
    : home_(home), seat_(socket.hand_over_to(*this)), state_(state), last_word_(nothing_queued) {
  if (home_.last_words_ == nullptr) return;
  renew_last_word();
  home_.last_words_->add(last_word_);
}

void RestingClient::renew_last_word() {
  if (home_.last_words_ != nullptr) last_word_.await_request(fd());
}

RestingClient::~RestingClient() {
  if (home_.last_words_ != nullptr) {
    last_word_.withdraw();
    home_.last_words_->remove(last_word_);
  }
  home_.loop_.forget(*this);
}

void RestingClient::on_events(std::uint32_t events) noexcept {
  // On a unix socket, the kernel may report room as well.
  if ((events & ~std::uint32_t{EPOLLOUT}) == 0) return;
  events_ = events;
  home_.wake(*this);
}

bool RestingClients::take(ClientSocket& socket, const RestState& state) {
  std::unique_ptr<RestingClient> client;
  const bool has_room = try_allocating([&] {
    if (clients_.size() == clients_.capacity()) clients_.reserve(2 * clients_.size() + 16);
    client = std::make_unique<RestingClient>(*this, socket, state);
  });
  if (!has_room) return false;
  client->index_ = clients_.size();
  clients_.push_back(std::move(client));
  return true;
}

void RestingClients::remove(RestingClient& client) {
  const std::size_t index = client.index_;
  std::swap(clients_[index], clients_.back());
  clients_[index]->index_ = index;
  clients_.pop_back();
}

UniqueFd RestingClients::release_any() {
  RestingClient& client = *clients_.back();
  // Somebody has a copy, so a close would not end the registration.
  loop_.remove(client, client.fd());
  UniqueFd fd = std::move(client.seat_.fd);
  remove(client);
  return fd;
}

void RestingClients::close(RestingClient& client) {
  if (client.state_.may_have_copy) ::shutdown(client.fd(), SHUT_RDWR);
  remove(client);
  owner_.on_client_left();
}

void RestingClients::sweep(std::uint64_t now_us) {
  for (std::size_t i = clients_.size(); i > 0; --i) {
    RestingClient& client = *clients_[i - 1];
    if (client.state_.deadline_us == 0 || now_us < client.state_.deadline_us) continue;
    // A connection that is closed with a request unread is reset. What came while the loop was busy
    // elsewhere is read in its next turn.
    if (!std::exchange(client.was_spared_, true) && has_unread_bytes(client.fd())) continue;
    close(client);
  }
}

void RestingClients::shorten(std::uint64_t deadline_us) {
  for (const auto& client : clients_) {
    std::uint64_t& deadline = client->state_.deadline_us;
    deadline = deadline == 0 ? deadline_us : std::min(deadline, deadline_us);
  }
}

std::size_t RestingClients::close_oldest(std::size_t share, std::size_t most) {
  std::vector<std::pair<std::uint64_t, RestingClient*>> oldest;
  for (const auto& client : clients_) {
    oldest.emplace_back(client->state_.idle_since_us, client.get());
  }
  if (oldest.empty()) return 0;
  const std::size_t count = std::clamp<std::size_t>(oldest.size() / share, 1, most);
  std::nth_element(oldest.begin(), oldest.begin() + static_cast<std::ptrdiff_t>(count - 1),
                   oldest.end());
  std::size_t closed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (has_unread_bytes(oldest[i].second->fd())) continue;
    close(*oldest[i].second);
    ++closed;
  }
  return closed;
}

void RestingClients::close_silent() {
  for (std::size_t i = clients_.size(); i > 0; --i) {
    RestingClient& client = *clients_[i - 1];
    if (!has_unread_bytes(client.fd())) close(client);
  }
}

void RestingClients::close_all() {
  for (std::size_t i = clients_.size(); i > 0; --i) close(*clients_[i - 1]);
}

}  // namespace alicorn
