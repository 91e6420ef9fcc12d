// Which workers take the clients of which socket, if an address has several (reuse_port). Pure.
// Worker, I/O thread.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <optional>

namespace alicorn {

/// A listening socket among those of its address.
struct Place {
  std::uint32_t index = 0;
  std::uint32_t count = 1;  ///< 1: the workers share the socket

  bool is_shared() const { return count == 1; }
};

/// A worker among those of its generation that serve, in the order of their slots.
struct Rank {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
};

/// Each worker has a socket and each socket has a worker, whichever there are more of.
constexpr bool is_place_of(const Place& place, const Rank& rank) {
  if (rank.count == 0) return false;
  return rank.count <= place.count ? place.index % rank.count == rank.index
                                   : rank.index % place.count == place.index;
}

/// Whether this worker takes the clients of a socket. The workers look at different times, so one
/// goes on for a while with a socket that has become another's: the other may not know it yet.
class PlaceWatch {
 public:
  explicit PlaceWatch(Place place) : place_(place) {}

  const Place& place() const { return place_; }
  /// To be called with each sweep. `rank` is empty if the worker does not serve yet, or leaves:
  /// then it stays with what it has.
  bool look(const std::optional<Rank>& rank, MonotonicTime now) {
    if (place_.is_shared()) return true;
    if (rank && is_place_of(place_, *rank)) ours_until_ = now + kTwoSweeps;
    if (!rank && is_ours_) return true;
    is_ours_ = now < ours_until_;
    return is_ours_;
  }

 private:
  static constexpr milliseconds kTwoSweeps{500};  ///< and what a busy loop may add

  Place place_;
  bool is_ours_ = false;
  MonotonicTime ours_until_ = MonotonicTime::min();
};

}  // namespace alicorn
