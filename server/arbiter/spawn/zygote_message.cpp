#include "server/arbiter/spawn/zygote_message.hpp"

#include "server/host/attached_descriptor.hpp"

#include <cstring>
#include <type_traits>
#include <utility>

#include <sys/socket.h>

namespace alicorn {

static_assert(std::is_trivially_copyable_v<ZygoteMessage>);

namespace {

/// Closes all but the first descriptor: nobody else would.
void take_descriptors(const cmsghdr& rights, UniqueFd* first) {
  const std::size_t count = (rights.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count; ++i) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(&rights) + i * sizeof(int), sizeof number);
    UniqueFd taken(number);
    if (first != nullptr && i == 0) *first = std::move(taken);
  }
}

}  // namespace

ZygoteMessage ZygoteMessage::make(Kind kind, std::uint32_t slot, std::string_view text) {
  ZygoteMessage message{.kind = kind, .slot = slot};
  text.copy(message.words, sizeof message.words - 1);
  return message;
}

std::string ZygoteMessage::text() const {
  return std::string(words, ::strnlen(words, sizeof words));
}

Result<void> send_message(int socket, const ZygoteMessage& message, int flags, int attached) {
  iovec piece{.iov_base = const_cast<ZygoteMessage*>(&message), .iov_len = sizeof message};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  AttachedDescriptor descriptor;
  descriptor.attach_to(header, attached);
  while (::sendmsg(socket, &header, flags | MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return fail_errno("send");
  }
  return {};
}

Hearing receive_message(int socket, ZygoteMessage& message, pid_t& sender, int flags,
                        UniqueFd* attached) {
  iovec piece{.iov_base = &message, .iov_len = sizeof message};
  // The kernel puts the sender's credentials first.
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int))];
  const std::size_t room = attached != nullptr ? sizeof control : CMSG_SPACE(sizeof(ucred));
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  const auto receive = [&](int how) {
    ssize_t size = 0;
    do {
      header.msg_control = control;
      header.msg_controllen = room;
      // MSG_TRUNC: gives the whole size of a packet that is too long.
      size = ::recvmsg(socket, &header, flags | how | MSG_TRUNC | MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    return size;
  };
  // To read a message whose descriptor has no room is to close the descriptor. If that is a socket
  // with SO_LINGER, the close could hold us up for its whole linger time. A peek closes only a
  // copy.
  ssize_t size = attached == nullptr ? receive(MSG_PEEK) : 0;
  if (size >= 0 && attached == nullptr && (header.msg_flags & MSG_CTRUNC) != 0) {
    return Hearing::kDescriptors;
  }
  if (size >= 0) size = receive(0);
  if (size < 0 && errno == EAGAIN) return Hearing::kNothing;
  sender = 0;
  for (cmsghdr* part = size < 0 ? nullptr : CMSG_FIRSTHDR(&header); part != nullptr;
       part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials;
      std::memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
      sender = credentials.pid;
    } else if (part->cmsg_type == SCM_RIGHTS) {
      take_descriptors(*part, attached);
    }
  }
  const bool makes_sense = size == sizeof message && message.kind <= ZygoteMessage::kLast;
  return makes_sense ? Hearing::kMessage : Hearing::kEnd;
}

Result<void> tell_senders(int socket) {
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0) return {};
  return fail_errno("setsockopt", "SO_PASSCRED");
}

}  // namespace alicorn
