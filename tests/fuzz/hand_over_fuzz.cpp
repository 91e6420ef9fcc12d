// Anything may be in a mailbox: the app of another worker can write there. Whatever it is, a worker
// takes over no client that nobody has offered, keeps no descriptor, and goes on.
#include "workers/connection/hand_over.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

using namespace alicorn;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::uint32_t kSlots = 4, kOwn = 1, kSender = 2;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Hall final : HandOver::Clients {
  bool prepare_for(int fd, std::size_t unread) noexcept override {
    require(fd >= 0 && unread <= HandOverMessage::kUnreadMax);
    return true;
  }
  void adopt(MovingClient client, std::string_view unread) noexcept override {
    require(static_cast<bool>(client.fd) && unread.size() <= HandOverMessage::kUnreadMax);
    ++adopted;
  }
  void decline() noexcept override {}
  void take_back(MovingClient /*client*/) noexcept override {}
  void on_handed_over() noexcept override {}
  void on_claim_used() noexcept override {}
  bool on_asked(std::uint32_t slot) noexcept override {
    require(slot < kSlots && slot != kOwn);
    return slot == kSender;
  }
  void on_told(std::uint32_t slot, Inquiry::Answer /*answer*/) noexcept override {
    require(slot < kSlots);
  }

  int adopted = 0;
};

struct World {
  World() {
    require(loop.open().has_value());
    hand_over.open();
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, client) == 0);
  }

  EventLoop loop;
  MailRoom room = MailRoom::create(kSlots, kSlots).value();
  LoadTable loads = LoadTable::create(kSlots).value();
  Hall hall;
  HandOver hand_over{{.loop = loop, .room = room, .loads = loads, .slot = kOwn, .generation = 1},
                     hall};
  int client[2]{};
};

/// `copies` of the descriptor, at most 3.
void send(int mailbox, std::string_view datagram, int fd, std::size_t copies) {
  iovec part{.iov_base = const_cast<char*>(datagram.data()),  // NOLINT: sendmsg only reads it
             .iov_len = datagram.size()};
  msghdr envelope{};
  envelope.msg_iov = &part;
  envelope.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof fd)]{};
  if (copies > 0) {
    const int fds[] = {fd, fd, fd};
    envelope.msg_control = control;
    envelope.msg_controllen = CMSG_SPACE(copies * sizeof fd);
    cmsghdr* const entry = CMSG_FIRSTHDR(&envelope);
    entry->cmsg_level = SOL_SOCKET;
    entry->cmsg_type = SCM_RIGHTS;
    entry->cmsg_len = CMSG_LEN(copies * sizeof fd);
    std::memcpy(CMSG_DATA(entry), fds, copies * sizeof fd);
  }
  ::sendmsg(mailbox, &envelope, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int free_descriptor() {
  const int fd = ::dup(0);
  ::close(fd);
  return fd;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World& world = *new World;  // for the whole run
  std::string_view datagram(reinterpret_cast<const char*>(data), size);
  const auto message = HandOverMessage::parse(datagram);
  if (message) {
    const auto header = message->header();
    const std::string written = std::string(header.data(), header.size()).append(message->unread);
    const auto again = HandOverMessage::parse(written);
    require(again && again->ticket == message->ticket && again->unread == message->unread);
  }
  // A ticket cannot be guessed, so a message gets a true one now and then.
  std::string fitting(datagram);
  Custody* custody = nullptr;
  Custody::Ticket ticket = 0;
  if (message && message->place < MailRoom::kPlaces && message->ticket % 2 == 1) {
    custody = &world.room.custody(kSender, message->place);
    ticket = custody->offer();
    HandOverMessage offered = *message;
    offered.sender = kSender;
    offered.ticket = ticket;
    const auto header = offered.header();
    fitting = std::string(header.data(), header.size()).append(message->unread);
  }
  const int adopted = world.hall.adopted;
  const int lowest_free = free_descriptor();
  send(world.room.writing_end(kOwn), fitting, world.client[0], 1);
  send(world.room.writing_end(kOwn), fitting, world.client[0], 1);  // twice
  for (const std::size_t copies : {0U, 2U, 3U}) {
    send(world.room.writing_end(kOwn), datagram, world.client[0], copies);
  }
  while (world.loop.turn(AppExecutor::Wait::kMustNot)) {
  }
  require(free_descriptor() == lowest_free);
  const bool is_offer = custody != nullptr && message->kind == HandOverMessage::Kind::kOffer;
  require(world.hall.adopted - adopted == (is_offer ? 1 : 0));
  if (custody != nullptr) require(custody->withdraw(ticket) != is_offer);
  // Answers go to the sender's mailbox, which nobody reads here.
  char answer[HandOverMessage::kHeaderSize];
  while (::recv(world.room.reading_end(kSender), answer, sizeof answer, MSG_DONTWAIT) > 0) {
  }
  return 0;
}
