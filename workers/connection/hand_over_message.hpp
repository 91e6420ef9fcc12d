// What workers write to each other's mailboxes when a client changes hands. Pure. The descriptor
// travels beside it. A receiver believes nothing: the app of another worker may have written it.
// Worker, I/O thread.
#pragma once

#include "workers/connection/rest_state.hpp"
#include "workers/contract/custody.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace alicorn {

struct HandOverMessage {
  enum class Kind : std::uint32_t {
    kOffer = 1,    ///< take this client
    kTaken = 2,    ///< the answer: it has been claimed
    kRefused = 3,  ///< the answer: it was not, and is not going to be
    kAsk = 4,      ///< the sender has a free thread: is there a request that waits for one?
    kNothing = 5   ///< the answer, if there is none; otherwise it is an offer
  };

  Kind kind = Kind::kOffer;
  std::uint32_t sender = 0;  ///< slot of the worker that offers the client, or that asks
  std::uint32_t place = 0;   ///< of the custody among the sender's
  Custody::Ticket ticket = 0;
  RestState state;            ///< of an offer; without the deadline, which the receiver sets itself
  WaitingRequest request{};   ///< of an offer
  std::string_view unread{};  ///< of an offer: what has been read of the next request

  /// The most that `unread` may have: a whole input buffer.
  static constexpr std::size_t kUnreadMax = std::size_t{20} * 1024;
  static constexpr std::size_t kHeaderSize = 72;
  static constexpr std::size_t kSizeMax = kHeaderSize + kUnreadMax;

  /// Everything but `unread`, which follows it.
  std::array<char, kHeaderSize> header() const;
  /// Empty: it is no such message. `unread` points into the datagram.
  static std::optional<HandOverMessage> parse(std::string_view datagram);
};

}  // namespace alicorn
