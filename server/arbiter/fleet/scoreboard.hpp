// The memory that the master shares with its workers, by slot: a board for each worker, made before
// its fork and released once its end has been fully reported, and one table in which workers see
// each other's load. Master.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "workers/contract/load_table.hpp"
#include "workers/contract/mail_room.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/contract/sizes.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <sys/resource.h>

namespace alicorn {

class Scoreboard {
 public:
  /// Once, before any fork. `workers`: at first.
  Result<void> begin(std::uint32_t workers) {
    auto loads = LoadTable::create(kWorkerSlots);
    if (!loads) return tl::unexpected(loads.error());
    loads_.emplace(std::move(*loads));
    // For two generations, and some more workers. Each mailbox takes two descriptors; a worker
    // without one closes its idle connections when it leaves.
    constexpr std::uint32_t kBoxesMin = 8, kMore = 4;
    std::uint32_t boxes = std::clamp(2 * workers + kMore, kBoxesMin, kWorkerSlots);
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
      // A quarter of all descriptors at most.
      boxes = static_cast<std::uint32_t>(std::min<rlim_t>(boxes, limit.rlim_cur / 8));
    }
    auto mail_room = MailRoom::create(kWorkerSlots, boxes);
    if (!mail_room) return tl::unexpected(mail_room.error());
    mail_room_.emplace(std::move(*mail_room));
    return {};
  }

  /// Replaces the board that the slot has.
  Result<WorkerBoard*> open(std::uint32_t slot, WorkerBoard::Sharing sharing) {
    auto board = WorkerBoard::create(now(), sharing);
    if (!board) return tl::unexpected(board.error());
    loads_->at(slot).clear();
    return &boards_[slot].emplace(std::move(*board));
  }
  void close(std::uint32_t slot) {
    loads_->at(slot).clear();
    boards_[slot].reset();
  }
  LoadTable& loads() { return *loads_; }
  MailRoom& mail_room() { return *mail_room_; }
  const WorkerLoad& load(std::uint32_t slot) const { return loads_->at(slot); }

  /// Null: there is no worker, or there was no memory for its board.
  WorkerBoard* find(std::uint32_t slot) { return boards_[slot] ? &*boards_[slot] : nullptr; }
  const WorkerBoard* find(std::uint32_t slot) const {
    return boards_[slot] ? &*boards_[slot] : nullptr;
  }

 private:
  std::array<std::optional<WorkerBoard>, kWorkerSlots> boards_;
  std::optional<LoadTable> loads_;
  std::optional<MailRoom> mail_room_;
};

}  // namespace alicorn
