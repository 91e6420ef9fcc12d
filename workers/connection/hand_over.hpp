// Hands clients to other workers and takes over theirs, through the mailboxes of the mail room. A
// client that is on its way stays here as well, until the other worker has claimed it; if that
// never happens, it comes back. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "workers/connection/hand_over_message.hpp"
#include "workers/connection/moving_client.hpp"
#include "workers/connection/rest_state.hpp"
#include "workers/contract/mail_room.hpp"
#include "workers/loop/event_loop.hpp"
#include "workers/net/heirs.hpp"
#include "workers/net/inquiry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace alicorn {

class HandOver final : private EventLoop::Source {
 public:
  /// The worker's connections.
  class Clients {
   public:
    /// Whether this worker can take over the client of this descriptor. True: adopt() or decline()
    /// follows at once, and has the memory that it needs.
    virtual bool prepare_for(int fd, std::size_t unread) noexcept = 0;
    virtual void adopt(MovingClient client, std::string_view unread) noexcept = 0;
    virtual void decline() noexcept = 0;
    /// Nobody has claimed the client.
    virtual void take_back(MovingClient client) noexcept = 0;
    /// Another worker has the client, so there may be room for more hand-overs.
    virtual void on_handed_over() noexcept = 0;
    /// A request comes for which a thread of this worker was claimed.
    virtual void on_claim_used() noexcept = 0;
    /// The worker of this slot has a free thread: is there a request for it? False: no.
    virtual bool on_asked(std::uint32_t slot) noexcept = 0;
    /// The worker of this slot, which may have been asked, gives a request, or has none.
    virtual void on_told(std::uint32_t slot, Inquiry::Answer answer) noexcept = 0;

   protected:
    ~Clients() = default;
  };
  struct Parts {
    EventLoop& loop;
    MailRoom& room;
    LoadTable& loads;
    std::uint32_t slot, generation;
  };

  /// All must outlive it. The slot has a mailbox.
  HandOver(const Parts& parts, Clients& clients);
  ~HandOver() override;

  /// Begins to read the mailbox. On failure other workers offer nothing.
  void open();
  /// Where a client could go now: a worker, if one takes clients, and a place for the custody.
  struct Target {
    std::uint32_t slot, place;
  };
  std::optional<Target> find_target(MonotonicTime now) const;
  /// The same for the worker of this slot.
  std::optional<Target> target_at(std::uint32_t slot) const;
  /// Offers the client of a descriptor that stays its owner's. `client`: without the descriptor.
  /// False: nothing has changed; it may be possible later. True: keep() must follow at once.
  bool offer(const Target& target, int fd, const MovingClient& client, MonotonicTime now);
  /// The client that was offered. Nothing watches its descriptor any more. It may be taken back.
  void keep(const Target& target, MovingClient client);
  std::uint32_t slot() const { return slot_; }
  const LoadTable& loads() const { return loads_; }
  /// Clients that are on their way.
  std::size_t under_way() const { return under_way_; }
  /// Asks the worker of this slot for a request that waits there. on_told() follows, unless that
  /// worker is gone. False: it cannot be asked now.
  bool ask(std::uint32_t slot);
  /// Closes this worker's copies of clients that others have claimed. Not while one is being
  /// offered.
  void end_claimed();
  /// Takes back those that nobody has claimed in time.
  void sweep(MonotonicTime now);
  /// Closes those that nobody has claimed: the worker leaves.
  void cut_all();

 private:
  struct Offer {
    MovingClient client;
    Custody::Ticket ticket;
    std::uint32_t to;
    MonotonicTime time;
  };

  void on_events(std::uint32_t events) noexcept override;
  bool receive();
  void on_offer(const HandOverMessage& message, UniqueFd fd);
  void on_answer(const HandOverMessage& message);
  void on_ask(const HandOverMessage& message);
  void answer(const HandOverMessage& offer, HandOverMessage::Kind kind);
  std::optional<std::uint32_t> free_place() const;
  bool send(std::uint32_t to, const HandOverMessage& message, int fd);
  void stop_reading();
  void end_old_offers(MonotonicTime now);
  MovingClient remove(std::uint32_t place);
  void end(std::uint32_t place);
  void take_back(std::uint32_t place);
  Custody& custody(std::uint32_t place) { return room_.custody(slot_, place); }

  EventLoop& loop_;
  MailRoom& room_;
  const LoadTable& loads_;
  WorkerLoad& own_load_;
  const Heirs heirs_;
  const std::uint32_t slot_;
  Clients& clients_;
  bool is_open_ = false;
  MonotonicTime opened_{};
  bool has_ended_old_offers_ = false;
  std::array<std::optional<Offer>, MailRoom::kPlaces> offers_;
  std::size_t under_way_ = 0;
  std::vector<std::uint32_t> coming_;  ///< of those, how many go to each slot
  std::vector<char> buffer_;
};

}  // namespace alicorn
