// A mailbox for each slot, through which workers hand clients to each other, and the custody of
// each client that is on its way. The master makes it before any fork, and whoever has a slot
// reads its mailbox, so a message outlives both workers. In an upgrade, the next master gets it,
// too.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "workers/contract/custody.hpp"
#include "workers/contract/shared_memory.hpp"

#include <cstdint>
#include <vector>

namespace alicorn {

class MailRoom {
 public:
  /// Hand-overs that one worker may have under way.
  static constexpr std::uint32_t kPlaces = 128;

  struct Box {
    UniqueFd reading, writing;
  };

  /// Slots from `boxes` on have no mailbox: each one costs two descriptors in every process.
  static Result<MailRoom> create(std::uint32_t slots, std::uint32_t boxes);
  /// The room of another program, for as many slots; with further mailboxes up to this number.
  static Result<MailRoom> extend(UniqueFd custodies, std::vector<Box> made, std::uint32_t slots,
                                 std::uint32_t boxes);

  /// In a worker: the other mailboxes are read by their own workers.
  void keep_only(std::uint32_t slot) {
    for (std::uint32_t other = 0; other < boxes_.size(); ++other) {
      if (other != slot) boxes_[other].reading.reset();
    }
  }

  std::uint32_t slots() const { return slots_; }
  std::uint32_t boxes() const { return static_cast<std::uint32_t>(boxes_.size()); }
  int fd() const { return memory_.fd(); }  ///< of the memory
  bool has_box(std::uint32_t slot) const { return slot < boxes_.size(); }
  /// Of a slot that has a mailbox.
  int reading_end(std::uint32_t slot) const { return boxes_[slot].reading.get(); }
  int writing_end(std::uint32_t slot) const { return boxes_[slot].writing.get(); }
  Custody& custody(std::uint32_t sender, std::uint32_t place) {
    return custodies_[sender * kPlaces + place];
  }

 private:
  MailRoom(SharedMemory memory, std::uint32_t slots, std::vector<Box> boxes);
  static Result<void> add_boxes(std::vector<Box>& made, std::uint32_t boxes);
  static std::size_t size_for(std::uint32_t slots) { return slots * kPlaces * sizeof(Custody); }

  SharedMemory memory_;
  std::uint32_t slots_;
  std::vector<Box> boxes_;
  Custody* custodies_;
};

}  // namespace alicorn
