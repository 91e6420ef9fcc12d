// The memory that the master shares with its workers, by slot: a board for each worker, made before
// its fork and released once its end has been fully reported, and one table in which workers see
// each other's load. Master.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "server/host/shared_rooms.hpp"
#include "workers/contract/load_table.hpp"
#include "workers/contract/mail_room.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/contract/sizes.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace alicorn {

class Scoreboard {
 public:
  /// Once, before any fork. `workers`: at first. `rooms`: of the old master of an upgrade.
  Result<void> begin(std::uint32_t workers, std::optional<SharedRooms> rooms);
  /// Whether it uses the rooms that it was given.
  bool shares_rooms() const { return era_ > 0; }
  std::uint32_t era() const { return era_; }
  /// A worker's place in the order of all that share these rooms: the workers of a later master
  /// come after all of an earlier one.
  std::uint32_t seniority_of(std::uint32_t generation) const {
    constexpr std::uint32_t kGenerations = 1U << 20;
    return era_ * kGenerations + generation;
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
  const LoadTable& loads() const { return *loads_; }
  const MailRoom& mail_room() const { return *mail_room_; }
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
  std::uint32_t era_ = 0;
};

}  // namespace alicorn
