// Owns the worker's connections, used and spare; sweeps their deadlines. Worker, I/O thread.
#pragma once

#include "base/rare_line.hpp"
#include "workers/app/call_table_watch.hpp"
#include "workers/connection/connection.hpp"
#include "workers/connection/resting_clients.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace alicorn {

class ConnectionSet final : public ConnectionHome, private RestingClients::Owner {
 public:
  explicit ConnectionSet(ConnectionContext& context)
      : context_(context), resting_(context.loop, context.last_words, *this) {}

  std::size_t size() const { return active_.size() + resting_.size(); }
  std::size_t resting() const { return resting_.size(); }
  void start(int fd, const Address& peer, const Address& local);
  /// Called by a connection that has ended: its object serves the next client.
  void retire(Connection& connection) override;
  bool rest(Connection& connection, ClientSocket& socket, const RestState& state) override;

  bool is_full() const { return size() >= context_.settings.connections_max; }
  /// Closes some of the connections that have been idle longest, to make room for a waiting client.
  void make_room(std::uint64_t now_us);

  void sweep(std::uint64_t now_us);
  /// Frees most of the spare connection objects, and the memory that the others keep.
  void release_memory();
  /// Checks whether requests that have passed their deadline hang, once that can be known.
  void look_at_overdue(std::uint64_t now_us);
  void drain(std::uint64_t now_us);
  void expire_all();  ///< the worker leaves: no connection has any time left
  void cut_all();

 private:
  void on_client_woke(RestingClient& client) noexcept override;
  void on_client_left() override;
  Connection& add();
  void set_aside(Connection& connection);
  void publish_size();
  void keep_spares(std::size_t count);
  template <class Function>
  void for_each(Function function);
  void look_at_calls(std::uint64_t now_us);
  void sum_up(std::uint64_t now_us);

  ConnectionContext& context_;
  CallTableWatch call_table_watch_;
  std::vector<std::unique_ptr<Connection>> active_;
  std::vector<std::unique_ptr<Connection>> spare_;
  RestingClients resting_;
  std::vector<Connection*> visiting_;  ///< a copy: a connection may retire while it is visited
  std::uint64_t found_nobody_us_ = 0;
  RareLine room_made_, all_busy_, no_memory_;
};

}  // namespace alicorn
