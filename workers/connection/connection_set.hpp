// Owns the worker's connections, used and spare; sweeps their deadlines. Worker, I/O thread.
#pragma once

#include "base/rare_line.hpp"
#include "workers/app/call_table_watch.hpp"
#include "workers/connection/connection.hpp"
#include "workers/connection/hand_over.hpp"
#include "workers/connection/queue_sharing.hpp"
#include "workers/connection/resting_clients.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace alicorn {

class ConnectionSet final : public ConnectionHome,
                            private RestingClients::Owner,
                            private HandOver::Clients {
 public:
  explicit ConnectionSet(ConnectionContext& context)
      : context_(context), resting_(context.loop, context.last_words, *this) {}

  /// Those that are on their way to another worker included.
  std::size_t size() const {
    return active_.size() + resting_.size() + (hand_over_ ? hand_over_->under_way() : 0);
  }
  std::size_t resting() const { return resting_.size(); }
  void start(int fd, const Address& peer, const Address& local);
  /// Called by a connection that has ended: its object serves the next client.
  void retire(Connection& connection) override;
  bool rest(Connection& connection, ClientSocket& socket, const RestState& state) override;
  bool move(Connection& connection, ClientSocket& socket, MovingClient client) override;

  /// Takes over clients of other workers from now on, if they have connected to one of these
  /// addresses; and may hand over its own.
  void open_mailbox(const HandOver::Parts& parts, std::vector<Address> served);
  enum class Replaced { kNo, kYes };
  /// The worker leaves. If others serve in its place, they get all clients that are between two
  /// requests; the rest follow as soon as they are. Otherwise idle connections end.
  void begin_to_leave(Replaced replaced, MonotonicTime time);
  /// Null: there is no mailbox, so no queue is shared.
  QueueSharing* queue_sharing() { return sharing_ ? &*sharing_ : nullptr; }

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
  bool prepare_for(int fd, std::size_t unread) noexcept override;
  void adopt(MovingClient client, std::string_view unread) noexcept override;
  void decline() noexcept override { set_aside(*arrival_.connection); }
  void take_back(MovingClient client) noexcept override;
  void on_handed_over() noexcept override;
  void on_claim_used() noexcept override { sharing_->on_claim_used(); }
  bool on_asked(std::uint32_t slot) noexcept override { return sharing_->on_asked(slot); }
  void on_told(std::uint32_t slot, Inquiry::Answer answer) noexcept override {
    sharing_->on_told(slot, answer);
  }
  bool prepare(int fd, std::size_t unread) noexcept;
  bool hand_over_resting(const std::optional<HandOver::Target>& target, MonotonicTime time);
  void even_out(MonotonicTime time);
  void hand_over_all(MonotonicTime time);
  void refuse_what_waits_in_vain();
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
  std::optional<HandOver> hand_over_;
  std::optional<QueueSharing> sharing_;  ///< if there is a mailbox
  std::vector<Address> served_;          ///< the addresses of the worker's listeners
  MonotonicTime had_heir_ = MonotonicTime::min();
  /// A client that is about to be taken over.
  struct {
    Connection* connection = nullptr;
    Address peer, local;
  } arrival_;
  std::vector<Connection*> visiting_;  ///< a copy: a connection may retire while it is visited
  std::uint64_t found_nobody_us_ = 0;
  RareLine room_made_, all_busy_, no_memory_;
};

}  // namespace alicorn
