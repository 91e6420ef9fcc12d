#include "workers/contract/mail_room.hpp"

#include <utility>

#include <sys/socket.h>

namespace alicorn {

Result<void> MailRoom::add_boxes(std::vector<Box>& made, std::uint32_t boxes) {
  while (made.size() < boxes) {
    int ends[2];
    // Messages keep their borders, and their order.
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
      return fail_errno("socketpair", "mailbox");
    }
    made.push_back({UniqueFd(ends[0]), UniqueFd(ends[1])});
  }
  return {};
}

Result<MailRoom> MailRoom::create(std::uint32_t slots, std::uint32_t boxes) {
  std::vector<Box> made;
  if (auto added = add_boxes(made, boxes); !added) return tl::unexpected(added.error());
  auto memory = SharedMemory::create("alicorn-custodies", size_for(slots));
  if (!memory) return tl::unexpected(memory.error());
  return MailRoom(std::move(*memory), slots, std::move(made));
}

Result<MailRoom> MailRoom::extend(UniqueFd custodies, std::vector<Box> made, std::uint32_t slots,
                                  std::uint32_t boxes) {
  auto memory = SharedMemory::map(std::move(custodies), size_for(slots));
  if (!memory) return tl::unexpected(memory.error());
  if (auto added = add_boxes(made, boxes); !added) return tl::unexpected(added.error());
  return MailRoom(std::move(*memory), slots, std::move(made));
}

// The initial values are the kernel's zeroes.
MailRoom::MailRoom(SharedMemory memory, std::uint32_t slots, std::vector<Box> boxes)
    : memory_(std::move(memory)),
      slots_(slots),
      boxes_(std::move(boxes)),
      custodies_(static_cast<Custody*>(memory_.start())) {}

}  // namespace alicorn
