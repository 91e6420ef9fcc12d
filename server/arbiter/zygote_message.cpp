#include "server/arbiter/zygote_message.hpp"

#include <cstring>
#include <type_traits>

#include <sys/socket.h>

namespace alicorn {

static_assert(std::is_trivially_copyable_v<ZygoteMessage>);

ZygoteMessage ZygoteMessage::make(Kind kind, std::uint32_t slot, std::string_view text) {
  ZygoteMessage message{.kind = kind, .slot = slot};
  text.copy(message.words, sizeof message.words - 1);
  return message;
}

std::string ZygoteMessage::text() const {
  return std::string(words, ::strnlen(words, sizeof words));
}

Result<void> send_message(int socket, const ZygoteMessage& message, int flags) {
  while (::send(socket, &message, sizeof message, flags | MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return fail_errno("send");
  }
  return {};
}

Hearing receive_message(int socket, ZygoteMessage& message, pid_t& sender, int flags) {
  iovec piece{.iov_base = &message, .iov_len = sizeof message};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  ssize_t size = 0;
  do {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    // MSG_TRUNC: the whole size of a packet that is too long.
    size = ::recvmsg(socket, &header, flags | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) return Hearing::kNothing;
  const bool makes_sense = size == sizeof message && message.kind <= ZygoteMessage::kLast;
  if (!makes_sense) return Hearing::kEnd;
  sender = 0;
  const cmsghdr* const attached = CMSG_FIRSTHDR(&header);
  if (attached != nullptr && attached->cmsg_type == SCM_CREDENTIALS) {
    ucred credentials;
    std::memcpy(&credentials, CMSG_DATA(attached), sizeof credentials);
    sender = credentials.pid;
  }
  return Hearing::kMessage;
}

Result<void> tell_senders(int socket) {
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0) return {};
  return fail_errno("setsockopt", "SO_PASSCRED");
}

}  // namespace alicorn
