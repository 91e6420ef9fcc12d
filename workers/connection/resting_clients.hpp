// Clients between two requests from which nothing has come for a while. Of such a client there is a
// descriptor and what must be remembered of it, in some hundred bytes; its Connection serves
// somebody else meanwhile. Worker, I/O thread.
#pragma once

#include "workers/connection/last_word.hpp"
#include "workers/connection/rest_state.hpp"
#include "workers/loop/event_loop.hpp"
#include "workers/net/client_socket.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace alicorn {

class RestingClients;

class RestingClient final : private EventLoop::Source {
 public:
  RestingClient(RestingClients& home, ClientSocket& socket, const RestState& state);
  RestingClient(const RestingClient&) = delete;
  RestingClient& operator=(const RestingClient&) = delete;
  ~RestingClient() override;

  const RestState& state() const { return state_; }
  int fd() const { return seat_.fd.get(); }
  /// While somebody else may already have the client, a crash of this worker is not its business.
  void withdraw_last_word() { last_word_.withdraw(); }
  void renew_last_word();
  /// The socket reports its events again, beginning with those that ended the rest.
  void move_to(ClientSocket& socket) { socket.take_over(std::move(seat_), *this, events_); }

 private:
  friend class RestingClients;
  void on_events(std::uint32_t events) noexcept override;

  RestingClients& home_;
  ClientSocket::Seat seat_;
  std::uint32_t events_ = 0;
  bool was_spared_ = false;
  std::size_t index_ = 0;
  RestState state_;
  LastWord last_word_;
};

class RestingClients {
 public:
  /// Where a client goes that rests no more.
  class Owner {
   public:
    virtual void on_client_woke(RestingClient& client) noexcept = 0;
    virtual void on_client_left() = 0;  ///< its connection was closed

   protected:
    ~Owner() = default;
  };

  /// All must outlive it. `last_words`: null: a crash answers no clients.
  RestingClients(EventLoop& loop, LastWords* last_words, Owner& owner)
      : loop_(loop), last_words_(last_words), owner_(owner) {}

  std::size_t size() const { return clients_.size(); }
  /// Takes the client of a socket that waits for its next request. False: there is no memory for
  /// it, and nothing has changed.
  bool take(ClientSocket& socket, const RestState& state);
  /// Called by the owner: the client was moved to a socket, or is to be closed.
  void remove(RestingClient& client);
  /// One of them, if there are any.
  RestingClient& any() { return *clients_.back(); }
  /// Removes that one, but leaves its descriptor open.
  UniqueFd release_any();

  void sweep(std::uint64_t now_us);         ///< closes those whose time is over
  void shorten(std::uint64_t deadline_us);  ///< gives each at most this time
  /// Closes those that have been idle longest, at most so many. Returns how many.
  std::size_t close_oldest(std::size_t share, std::size_t most);
  /// Closes all but those of which something has come in the meantime: these wake soon.
  void close_silent();
  void close_all();

 private:
  friend class RestingClient;
  void wake(RestingClient& client) { owner_.on_client_woke(client); }
  void close(RestingClient& client);

  EventLoop& loop_;
  LastWords* const last_words_;
  Owner& owner_;
  std::vector<std::unique_ptr<RestingClient>> clients_;
};

}  // namespace alicorn
