#include "server/arbiter/fleet/scoreboard.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <string>

#include <sys/resource.h>

namespace alicorn {
namespace {

/// For two generations, or two masters, and some more workers. Each mailbox takes two descriptors;
/// a worker without one closes its idle connections when it leaves.
std::uint32_t count_boxes(std::uint32_t workers, std::uint32_t slots_of_old) {
  constexpr std::uint32_t kBoxesMin = 8, kMore = 4;
  std::uint32_t boxes = std::clamp(slots_of_old + 2 * workers + kMore, kBoxesMin, kWorkerSlots);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    // A quarter of all descriptors at most.
    boxes = static_cast<std::uint32_t>(std::min<rlim_t>(boxes, limit.rlim_cur / 8));
  }
  return boxes;
}

/// The slots up to the last one that the old master keeps.
std::uint32_t slots_of_old(const SlotSet& kept) {
  auto count = static_cast<std::uint32_t>(kept.size());
  while (count > 0 && !kept[count - 1]) --count;
  return count;
}

/// Two generations of this master find a slot beside the old master's workers.
bool has_enough_slots(const SharedRooms& rooms, std::uint32_t workers) {
  return kWorkerSlots - rooms.of_old.count() >= 2 * std::size_t{workers};
}

}  // namespace

Result<void> Scoreboard::begin(std::uint32_t workers, std::optional<SharedRooms> rooms) {
  const std::uint32_t boxes = count_boxes(workers, rooms ? slots_of_old(rooms->of_old) : 0);
  std::string problem;
  if (rooms && !has_enough_slots(*rooms, workers)) {
    problem = "there are too many workers for two masters";
  } else if (rooms) {
    auto loads = LoadTable::map(std::move(rooms->loads), kWorkerSlots);
    auto mail_room =
        MailRoom::extend(std::move(rooms->custodies), std::move(rooms->boxes), kWorkerSlots, boxes);
    if (loads && mail_room) {
      loads_.emplace(std::move(*loads));
      mail_room_.emplace(std::move(*mail_room));
      era_ = rooms->era;
      return {};
    }
    problem = (loads ? mail_room.error() : loads.error()).text();
  }
  if (!problem.empty()) {
    log::warning("the workers of the old master cannot hand their clients over: " + problem);
  }
  auto loads = LoadTable::create(kWorkerSlots);
  if (!loads) return tl::unexpected(loads.error());
  auto mail_room = MailRoom::create(kWorkerSlots, boxes);
  if (!mail_room) return tl::unexpected(mail_room.error());
  loads_.emplace(std::move(*loads));
  mail_room_.emplace(std::move(*mail_room));
  return {};
}

}  // namespace alicorn
