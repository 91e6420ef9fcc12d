// Decides whether the worker takes another client: is there room, and should a sibling take it
// instead? Tells the siblings, in turn, how open this worker is. Worker, I/O thread.
#pragma once

#include "base/clock.hpp"
#include "workers/connection/connection_context.hpp"
#include "workers/connection/connection_set.hpp"
#include "workers/net/accept_gate.hpp"
#include "workers/net/reception.hpp"
#include "workers/net/siblings.hpp"

#include <cstdint>
#include <optional>

namespace alicorn {

class Admission final : public Reception {
 public:
  Admission(const ConnectionContext& context, ConnectionSet& connections, Siblings siblings);

  void begin_to_serve();
  /// After this, the worker must answer what is queued, however busy it is.
  void begin_to_leave();

  bool can_serve() const override { return phase_ != Phase::kStarting && !context_.poisoned; }
  bool has_room() const override;
  bool wants_room(const Place& place, MonotonicTime time) override;
  void make_room(MonotonicTime time) override { connections_.make_room(to_us(time)); }
  std::optional<Rank> rank(MonotonicTime time) override;
  AcceptGate::Verdict judge(AcceptGate& gate, const Look& look) override;
  milliseconds relook_delay() const override;
  void take(int fd, const Address& peer, const Address& local) override {
    connections_.start(fd, peer, local);
  }

  /// Called when a call has gone to another thread, or has come back from there.
  void note_load();
  /// Called with each sweep.
  void look_at_load();

 private:
  enum class Phase { kStarting, kServing, kLeaving };

  /// Counts the calls that run on other threads and those that wait for one: a thread that comes
  /// back is meant for them.
  std::uint32_t calls() const;
  Openness openness() const;
  void publish();

  const ConnectionContext& context_;
  ConnectionSet& connections_;
  Siblings siblings_;
  Phase phase_ = Phase::kStarting;
  Openness published_ = Openness::kClosed;
  std::uint32_t running_elsewhere_ = 0;
};

}  // namespace alicorn
