#include "workers/connection/hand_over.hpp"

#include "base/log.hpp"
#include "base/standard_streams.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace alicorn {
namespace {

/// A worker reads its mailbox within a turn of its loop. One that has not done so for this long
/// stands still, or is gone.
constexpr milliseconds kPatience{1'000};
/// Messages read in one turn, before other work gets its own.
constexpr int kMessagesPerTurn = 32;

union ControlBuffer {
  char bytes[CMSG_SPACE(sizeof(int))];
  cmsghdr alignment;
};

UniqueFd descriptor_of(msghdr& message) {
  cmsghdr* const control = CMSG_FIRSTHDR(&message);
  if (control == nullptr || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS ||
      control->cmsg_len != CMSG_LEN(sizeof(int))) {
    return {};
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(control), sizeof fd);
  // The app may have closed a standard stream, and prints there.
  return UniqueFd(above_standard_streams(fd));
}

}  // namespace

HandOver::HandOver(const Parts& parts, Clients& clients)
    : loop_(parts.loop),
      room_(parts.room),
      loads_(parts.loads),
      own_load_(parts.loads.at(parts.slot)),
      heirs_(parts.loads, parts.slot, parts.generation),
      slot_(parts.slot),
      clients_(clients),
      coming_(std::min(parts.loads.slots(), parts.room.boxes())) {}

HandOver::~HandOver() {
  stop_reading();
}

void HandOver::open() {
  buffer_.resize(HandOverMessage::kSizeMax);
  opened_ = now();
  is_open_ = loop_.add(*this, room_.reading_end(slot_), EPOLLIN | EPOLLRDHUP);
  if (is_open_) own_load_.reads_mail.store(1, std::memory_order_relaxed);
}

void HandOver::stop_reading() {
  if (!std::exchange(is_open_, false)) return;
  own_load_.reads_mail.store(0, std::memory_order_relaxed);
  // Others hold the mailbox, so its registration would not end with the worker's descriptor.
  loop_.remove(*this, room_.reading_end(slot_));
}

std::optional<std::uint32_t> HandOver::free_place() const {
  for (std::uint32_t place = 0; place < offers_.size(); ++place) {
    if (!offers_[place] && room_.custody(slot_, place).is_free()) return place;
  }
  return std::nullopt;
}

std::optional<HandOver::Target> HandOver::find_target(MonotonicTime now) const {
  const auto heir = heirs_.find(now, coming_);
  return heir ? target_at(*heir) : std::nullopt;
}

std::optional<HandOver::Target> HandOver::target_at(std::uint32_t slot) const {
  const auto place = room_.has_box(slot) ? free_place() : std::nullopt;
  return place ? std::optional(Target{.slot = slot, .place = *place}) : std::nullopt;
}

bool HandOver::offer(const Target& target, int fd, const MovingClient& client, MonotonicTime now) {
  const Custody::Ticket ticket = custody(target.place).offer();
  const HandOverMessage message{.kind = HandOverMessage::Kind::kOffer,
                                .sender = slot_,
                                .place = target.place,
                                .ticket = ticket,
                                .state = client.state,
                                .request = client.request,
                                .unread = client.unread};
  if (!send(target.slot, message, fd)) {
    custody(target.place).withdraw(ticket);
    return false;
  }
  offers_[target.place].emplace(
      Offer{.client = {}, .ticket = ticket, .to = target.slot, .time = now});
  ++under_way_;
  ++coming_[target.slot];
  return true;
}

void HandOver::keep(const Target& target, MovingClient client) {
  offers_[target.place]->client = std::move(client);
}

/// False: the mailbox is full, or the kernel has too many descriptors on their way.
bool HandOver::send(std::uint32_t to, const HandOverMessage& message, int fd) {
  std::array header = message.header();
  iovec parts[] = {
      {.iov_base = header.data(), .iov_len = header.size()},
      {.iov_base = const_cast<char*>(message.unread.data()),  // NOLINT: sendmsg only reads it
       .iov_len = message.unread.size()}};
  msghdr envelope{};
  envelope.msg_iov = parts;
  envelope.msg_iovlen = message.unread.empty() ? 1 : 2;
  ControlBuffer control{};
  if (fd >= 0) {
    envelope.msg_control = control.bytes;
    envelope.msg_controllen = sizeof control.bytes;
    cmsghdr* const entry = CMSG_FIRSTHDR(&envelope);
    entry->cmsg_level = SOL_SOCKET;
    entry->cmsg_type = SCM_RIGHTS;
    entry->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(entry), &fd, sizeof fd);
  }
  return ::sendmsg(room_.writing_end(to), &envelope, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void HandOver::on_events(std::uint32_t events) noexcept {
  for (int messages = 0; messages < kMessagesPerTurn && receive(); ++messages) {
  }
  if ((events & ~std::uint32_t{EPOLLIN}) == 0) return;
  stop_reading();
  log::error(
      "somebody has shut down the mailbox of this worker, which takes over no clients any more: "
      "has "
      "the app of a worker closed it?");
}

/// False: the mailbox is empty, or most probably so. Requests come one at a time, and to look for
/// another message costs a system call.
bool HandOver::receive() {
  iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
  ControlBuffer control{};
  msghdr envelope{};
  envelope.msg_iov = &part;
  envelope.msg_iovlen = 1;
  envelope.msg_control = control.bytes;
  // Not the whole buffer, whose padding has room for another one: the kernel closes what it has no
  // room for.
  envelope.msg_controllen = CMSG_LEN(sizeof(int));
  const ssize_t size =
      ::recvmsg(room_.reading_end(slot_), &envelope, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  UniqueFd fd = size >= 0 ? descriptor_of(envelope) : UniqueFd();
  if (size <= 0) return false;
  if ((envelope.msg_flags & MSG_TRUNC) != 0) return true;
  const auto message = HandOverMessage::parse({buffer_.data(), static_cast<std::size_t>(size)});
  if (!message || message->place >= MailRoom::kPlaces || message->sender >= room_.slots()) {
    return true;
  }
  using Kind = HandOverMessage::Kind;
  switch (message->kind) {
    case Kind::kOffer:
      on_offer(*message, std::move(fd));
      break;
    case Kind::kTaken:
    case Kind::kRefused:
      on_answer(*message);
      break;
    case Kind::kAsk:
      on_ask(*message);
      break;
    case Kind::kNothing:
      clients_.on_told(message->sender, Inquiry::Answer::kNothing);
      break;
  }
  return message->kind != Kind::kAsk && message->request.came_us == 0;
}

void HandOver::on_offer(const HandOverMessage& message, UniqueFd fd) {
  if (message.request.has_claim) clients_.on_claim_used();
  const auto tell = [&](Inquiry::Answer answer) {
    if (message.request.came_us != 0) clients_.on_told(message.sender, answer);
  };
  // Without a descriptor, this process has none left for it.
  if (!fd || !clients_.prepare_for(fd.get(), message.unread.size())) {
    tell(Inquiry::Answer::kNothing);
    return answer(message, HandOverMessage::Kind::kRefused);
  }
  if (!room_.custody(message.sender, message.place).claim(message.ticket)) {
    clients_.decline();
    return tell(Inquiry::Answer::kNothing);
  }
  tell(Inquiry::Answer::kComes);
  clients_.adopt(
      {.fd = std::move(fd), .state = message.state, .request = message.request, .unread = {}},
      message.unread);
  // To wake the sender of a request would cost more than to serve it: the sender looks at its
  // offers while others wait, and in its sweep. A worker that leaves waits for the answer.
  if (message.request.came_us == 0) answer(message, HandOverMessage::Kind::kTaken);
}

/// A sender that gets no answer finds out in its next sweep.
void HandOver::answer(const HandOverMessage& offer, HandOverMessage::Kind kind) {
  if (!room_.has_box(offer.sender)) return;
  static_cast<void>(send(offer.sender,
                         {.kind = kind,
                          .sender = offer.sender,
                          .place = offer.place,
                          .ticket = offer.ticket,
                          .state = {}},
                         -1));
}

bool HandOver::ask(std::uint32_t slot) {
  const HandOverMessage message{.kind = HandOverMessage::Kind::kAsk, .sender = slot_, .state = {}};
  return room_.has_box(slot) && send(slot, message, -1);
}

void HandOver::on_ask(const HandOverMessage& message) {
  const std::uint32_t slot = message.sender;
  if (slot == slot_ || !room_.has_box(slot) || clients_.on_asked(slot)) return;
  static_cast<void>(
      send(slot, {.kind = HandOverMessage::Kind::kNothing, .sender = slot_, .state = {}}, -1));
}

/// Who has the client is in the custody. The answer only says that it is time to look.
void HandOver::on_answer(const HandOverMessage& message) {
  const std::optional<Offer>& offer = offers_[message.place];
  if (message.sender != slot_ || !offer || offer->ticket != message.ticket) return;
  if (custody(message.place).is_claimed(message.ticket)) {
    end(message.place);
  } else if (message.kind == HandOverMessage::Kind::kRefused &&
             custody(message.place).withdraw(message.ticket)) {
    take_back(message.place);
  }
}

/// Closes this worker's copies of clients that others have taken over.
void HandOver::end_claimed() {
  for (std::uint32_t place = 0; place < offers_.size() && under_way_ > 0; ++place) {
    if (offers_[place] && custody(place).is_claimed(offers_[place]->ticket)) end(place);
  }
}

void HandOver::sweep(MonotonicTime now) {
  end_old_offers(now);
  for (std::uint32_t place = 0; place < offers_.size() && under_way_ > 0; ++place) {
    const std::optional<Offer>& offer = offers_[place];
    if (!offer) continue;
    if (custody(place).is_claimed(offer->ticket)) {
      end(place);
    } else if (now - offer->time > kPatience) {
      custody(place).withdraw(offer->ticket) ? take_back(place) : end(place);
    }
  }
}

/// An earlier worker of this slot may have died after an offer that nobody will claim any more.
void HandOver::end_old_offers(MonotonicTime now) {
  if (has_ended_old_offers_ || now - opened_ < 5 * kPatience) return;
  has_ended_old_offers_ = true;
  for (std::uint32_t place = 0; place < offers_.size(); ++place) {
    if (!offers_[place] && !custody(place).is_free()) custody(place).abandon();
  }
}

void HandOver::cut_all() {
  for (std::uint32_t place = 0; place < offers_.size() && under_way_ > 0; ++place) {
    if (!offers_[place]) continue;
    const bool is_ours = custody(place).withdraw(offers_[place]->ticket);
    const MovingClient client = remove(place);
    // The message has a copy of the descriptor, which nobody may ever read.
    if (is_ours) ::shutdown(client.fd.get(), SHUT_RDWR);
  }
}

/// The hand-over is over.
MovingClient HandOver::remove(std::uint32_t place) {
  MovingClient client = std::move(offers_[place]->client);
  --coming_[offers_[place]->to];
  --under_way_;
  offers_[place].reset();
  return client;
}

void HandOver::end(std::uint32_t place) {
  remove(place);
  clients_.on_handed_over();
}

void HandOver::take_back(std::uint32_t place) {
  MovingClient client = remove(place);
  ++client.refusals;
  if (client.request.moves > 0) --client.request.moves;  // it has not moved
  clients_.take_back(std::move(client));
}

}  // namespace alicorn
