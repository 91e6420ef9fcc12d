#include "server/arbiter/spawn/errand_parcel.hpp"

#include "server/host/attached_descriptor.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/socket.h>

namespace alicorn {
namespace {

enum class Kind : std::uint32_t { kText, kFile, kError, kEnd };

/// Precedes each find. A file's descriptor comes with it.
struct Head {
  Kind kind;
  std::int32_t error;  ///< errno; 0: of an Error without one
  std::uint64_t size;  ///< of the text behind it
};

bool send_all(int socket, std::string_view bytes, int fd) {
  while (!bytes.empty()) {
    iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    AttachedDescriptor attached;
    attached.attach_to(message, fd);
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    fd = -1;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool send_find(int socket, Kind kind, int error, std::string_view text, int fd) {
  const Head head{.kind = kind, .error = error, .size = text.size()};
  const std::string_view bytes(reinterpret_cast<const char*>(&head), sizeof head);
  return send_all(socket, bytes, fd) && send_all(socket, text, -1);
}

}  // namespace

void send_finds(int socket, const ErrandFinds& finds) {
  for (const Result<ErrandFind>& find : finds) {
    const Kind kind = !find ? Kind::kError : find->fd ? Kind::kFile : Kind::kText;
    const std::string_view text = find ? std::string_view(find->text) : find.error().context;
    const int error = find ? 0 : find.error().code.value();
    if (!send_find(socket, kind, error, text, find ? find->fd.get() : -1)) return;
  }
  static_cast<void>(send_find(socket, Kind::kEnd, 0, {}, -1));
}

ErrandReader::State ErrandReader::read(int socket) {
  std::array<char, 16'384> chunk;
  while (true) {
    iovec piece{.iov_base = chunk.data(), .iov_len = chunk.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return State::kUnfinished;
    if (size <= 0) return State::kBroken;
    const cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(rights), sizeof number);
      fds_.emplace_back(number);
    } else if ((message.msg_flags & MSG_CTRUNC) != 0) {
      fds_.emplace_back();  // no room for it in this process: the others still count
    }
    bytes_.append(chunk.data(), static_cast<std::size_t>(size));
    if (!parse()) return State::kBroken;
    if (is_whole_) return State::kWhole;
  }
}

void ErrandReader::take_file(std::string text) {
  if (fds_.front()) {
    finds_.emplace_back(ErrandFind{.text = std::move(text), .fd = std::move(fds_.front())});
  } else {
    finds_.emplace_back(tl::unexpected(
        Error{std::error_code(EMFILE, std::system_category()), "take over an open file"}));
  }
  fds_.pop_front();
}

bool ErrandReader::parse() {
  Head head;
  while (!is_whole_ && bytes_.size() >= sizeof head) {
    std::memcpy(&head, bytes_.data(), sizeof head);
    if (bytes_.size() - sizeof head < head.size) return true;
    std::string text = bytes_.substr(sizeof head, head.size);
    bytes_.erase(0, sizeof head + head.size);
    switch (head.kind) {
      case Kind::kText:
        finds_.emplace_back(ErrandFind{.text = std::move(text)});
        break;
      case Kind::kFile:
        if (fds_.empty()) return false;
        take_file(std::move(text));
        break;
      case Kind::kError:
        finds_.emplace_back(tl::unexpected(
            Error{std::error_code(head.error, std::system_category()), std::move(text)}));
        break;
      case Kind::kEnd:
        is_whole_ = true;
    }
  }
  return true;
}

}  // namespace alicorn
