// What the workers of both masters of an upgrade share, so that the old ones can hand their clients
// to the new ones: the load table and the mail room. Each slot belongs to one of the two masters.
// The old master passes it on by descriptors and a variable. Master.
#pragma once

#include "base/unique_fd.hpp"
#include "workers/contract/load_table.hpp"
#include "workers/contract/mail_room.hpp"
#include "workers/contract/sizes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace alicorn {

struct SharedRooms {
  std::uint32_t era = 0;  ///< how many upgrades came before
  SlotSet of_old;         ///< the slots that the old master keeps as long as it is there
  UniqueFd loads, custodies;
  std::vector<MailRoom::Box> boxes;
};

/// The value of ALICORN_ROOMS for the new master, which inherits descriptors_of(); "", and none, if
/// the memory cannot be passed on.
std::string describe_rooms(std::uint32_t era, const SlotSet& of_old, const LoadTable& loads,
                           const MailRoom& room);
std::vector<int> descriptors_of(const LoadTable& loads, const MailRoom& room);

/// At start: what the old master has passed on, if it lays its memory out as this program does.
/// Takes the variable out of the environment.
std::optional<SharedRooms> take_shared_rooms();

inline constexpr const char* kRoomsVariable = "ALICORN_ROOMS";

}  // namespace alicorn
