// A descriptor that travels with a message over a unix socket (SCM_RIGHTS). Master, and its
// children.
#pragma once

#include <cstddef>
#include <cstring>

#include <sys/socket.h>

namespace alicorn {

/// Must live, and stay at its address, until the message has been sent.
class AttachedDescriptor {
 public:
  /// Attaches nothing if `fd` is -1.
  void attach_to(msghdr& message, int fd) {
    if (fd < 0) return;
    message.msg_control = control_;
    message.msg_controllen = sizeof control_;
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }

 private:
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))] = {};
};

}  // namespace alicorn
