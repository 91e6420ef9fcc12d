// What a master and a zygote say to each other: one fixed-size message per packet of a
// SOCK_SEQPACKET socketpair. Both ends.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace alicorn {

struct ZygoteMessage {
  enum class Kind : std::uint32_t {
    kSpawn,       ///< to the zygote: fork the worker of `slot`; with the descriptor of its board
    kErrorLog,    ///< to the zygote: another file, with its descriptor
    kAccessLog,   ///< to the zygote: another file for its workers, with its descriptor
    kReady,       ///< to the master: the app is loaded, workers can be forked
    kGaveUp,      ///< to the master, before the zygote exits: `text` says why
    kSpawned,     ///< to the master, from the new worker of `slot` itself: it exists
    kAdopted,     ///< to the master, from the worker too: the master is its parent now
    kNotSpawned,  ///< to the master: no worker for `slot`; `text` says why
  };
  static constexpr Kind kLast = Kind::kNotSpawned;

  Kind kind = Kind::kReady;
  std::uint32_t slot = 0;
  char words[500]{};  ///< as much as boot_error in the scoreboard holds; NUL-terminated

  static ZygoteMessage make(Kind kind, std::uint32_t slot = 0, std::string_view text = {});
  std::string text() const;
};

/// `flags`: of send(2) and recv(2). `attached`: a descriptor to send along; -1: none.
Result<void> send_message(int socket, const ZygoteMessage& message, int flags = 0,
                          int attached = -1);

enum class Hearing { kMessage, kNothing, kEnd, kDescriptors };
/// kNothing: no message is there now (MSG_DONTWAIT). kEnd: the other end is closed, or sends
/// nonsense: it runs an application's code, and is not trusted. `sender`: the pid, as the kernel
/// knows it, if tell_senders() was called before; else 0. `attached`: receives a descriptor that
/// came with the message; null if the caller wants none. kDescriptors: a descriptor came although
/// the caller wants none. The message is left unread, and closing the socket may wait
/// (LingeringFd).
Hearing receive_message(int socket, ZygoteMessage& message, pid_t& sender, int flags = 0,
                        UniqueFd* attached = nullptr);
Result<void> tell_senders(int socket);

}  // namespace alicorn
