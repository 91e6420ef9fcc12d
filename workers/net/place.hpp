// Which workers take the clients of which socket, if an address has several (reuse_port). Pure.
// Worker, I/O thread.
#pragma once

#include <cstdint>
#include <optional>

namespace alicorn {

/// A listening socket among those of its address.
struct Place {
  std::uint32_t index = 0;
  std::uint32_t count = 1;  ///< 1: the workers share the socket

  bool is_shared() const { return count == 1; }
};

/// A worker among those of its generation that take clients, in the order of their slots.
struct Rank {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
};

/// Each worker has a socket and each socket has a worker, whichever there are more of.
constexpr bool is_place_of(const Place& place, const Rank& rank) {
  return rank.count <= place.count ? place.index % rank.count == rank.index
                                   : rank.index % place.count == place.index;
}

/// Whether this worker takes the clients of a socket. The workers look at different times, so one
/// goes on for a while with a socket that has become another's: the other may not know it yet.
class PlaceWatch {
 public:
  explicit PlaceWatch(Place place) : place_(place) {}

  const Place& place() const { return place_; }
  /// To be called with each sweep. `rank` is empty if the worker takes no clients. Then it stays
  /// with what it has, because nobody else may be there.
  bool look(const std::optional<Rank>& rank) {
    if (place_.is_shared() || (rank && is_place_of(place_, *rank))) {
      looks_in_vain_ = 0;
    } else if (rank && looks_in_vain_ < kLooksInVain) {
      ++looks_in_vain_;
    }
    return looks_in_vain_ < kLooksInVain;
  }

 private:
  static constexpr int kLooksInVain = 2;

  Place place_;
  /// Before its first look a worker has no socket to go on with.
  int looks_in_vain_ = kLooksInVain;
};

}  // namespace alicorn
