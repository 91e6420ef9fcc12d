#include "workers/connection/hand_over_message.hpp"

#include <cstring>

namespace alicorn {
namespace {

/// "hand", and the form of what follows. Sender and receiver are forks of the same program.
constexpr std::uint32_t kMagic = 0x68616e64;

struct Wire {
  std::uint32_t magic, kind, sender, place;
  std::uint64_t ticket, idle_since_us;
  std::uint32_t was_served, unread_size;
  std::uint64_t received_us, came_us, ready_us;
  std::uint32_t moves, has_claim;
};
static_assert(sizeof(Wire) == HandOverMessage::kHeaderSize);

}  // namespace

std::array<char, HandOverMessage::kHeaderSize> HandOverMessage::header() const {
  const Wire wire{.magic = kMagic,
                  .kind = static_cast<std::uint32_t>(kind),
                  .sender = sender,
                  .place = place,
                  .ticket = ticket,
                  .idle_since_us = state.idle_since_us,
                  .was_served = state.was_served ? 1U : 0U,
                  .unread_size = static_cast<std::uint32_t>(unread.size()),
                  .received_us = request.received_us,
                  .came_us = request.came_us,
                  .ready_us = request.ready_us,
                  .moves = request.moves,
                  .has_claim = request.has_claim ? 1U : 0U};
  std::array<char, kHeaderSize> bytes;  // NOLINT: filled below
  std::memcpy(bytes.data(), &wire, sizeof wire);
  return bytes;
}

std::optional<HandOverMessage> HandOverMessage::parse(std::string_view datagram) {
  if (datagram.size() < kHeaderSize || datagram.size() > kSizeMax) return std::nullopt;
  Wire wire{};
  std::memcpy(&wire, datagram.data(), sizeof wire);
  datagram.remove_prefix(kHeaderSize);
  if (wire.magic != kMagic || wire.unread_size != datagram.size()) return std::nullopt;
  const auto kind = static_cast<Kind>(wire.kind);
  if (kind < Kind::kOffer || kind > Kind::kNothing) return std::nullopt;
  return HandOverMessage{.kind = kind,
                         .sender = wire.sender,
                         .place = wire.place,
                         .ticket = wire.ticket,
                         .state = {.idle_since_us = wire.idle_since_us,
                                   .deadline_us = 0,
                                   .was_served = wire.was_served != 0,
                                   .may_have_copy = true},
                         .request = {.received_us = wire.received_us,
                                     .came_us = wire.came_us,
                                     .ready_us = wire.ready_us,
                                     .moves = wire.moves,
                                     .has_claim = wire.has_claim != 0},
                         .unread = datagram};
}

}  // namespace alicorn
