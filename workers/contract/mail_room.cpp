#include "workers/contract/mail_room.hpp"

#include <utility>

#include <sys/mman.h>
#include <sys/socket.h>

namespace alicorn {

Result<MailRoom> MailRoom::create(std::uint32_t slots, std::uint32_t boxes) {
  std::vector<Box> made;
  while (made.size() < boxes) {
    int ends[2];
    // Messages keep their borders, and their order.
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
      return fail_errno("socketpair", "mailbox");
    }
    made.push_back({UniqueFd(ends[0]), UniqueFd(ends[1])});
  }
  void* const mapping =
      ::mmap(nullptr, size_for(slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return fail_errno("mmap", "mail room");
  return MailRoom(mapping, slots, std::move(made));
}

// The initial values are the kernel's zeroes.
MailRoom::MailRoom(void* mapping, std::uint32_t slots, std::vector<Box> boxes)
    : mapping_(mapping),
      slots_(slots),
      boxes_(std::move(boxes)),
      custodies_(static_cast<Custody*>(mapping)) {}

MailRoom::MailRoom(MailRoom&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      slots_(other.slots_),
      boxes_(std::move(other.boxes_)),
      custodies_(other.custodies_) {}

MailRoom::~MailRoom() {
  if (mapping_ != nullptr) ::munmap(mapping_, size_for(slots_));
}

}  // namespace alicorn
