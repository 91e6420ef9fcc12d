#include "workers/new_connections.hpp"

#include "base/address.hpp"
#include "base/log.hpp"
#include "base/open_descriptors.hpp"

#include <algorithm>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>

namespace alicorn {
namespace {

std::vector<int> open_sockets() {
  std::vector<int> fds = open_descriptors();
  std::erase_if(fds, [](int fd) { return !S_ISSOCK(type_of(fd)); });
  return fds;
}

/// "to 127.0.0.1:5432", "listening at unix:/run/x"
std::string describe_socket(int fd) {
  const auto address = [fd](auto* ask) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    const bool is_known = ask(fd, reinterpret_cast<sockaddr*>(&storage), &size) == 0;
    return is_known ? Address::from_sockaddr(storage, size).text() : std::string();
  };
  if (const std::string peer = address(::getpeername); !peer.empty()) return "to " + peer;
  const std::string own = address(::getsockname);
  return own.empty() ? "to nobody yet" : "at " + own;
}

}  // namespace

NewConnections::NewConnections() : before_(open_sockets()) {}

void NewConnections::warn() const {
  for (const int fd : open_sockets()) {
    if (std::find(before_.begin(), before_.end(), fd) != before_.end()) continue;
    log::warning(
        "preload: the app has opened a socket while it was loaded, and all workers share it: what "
        "one of them sends, another may get the answer to; open it in each worker instead, or "
        "switch preload off",
        {{"fd", std::to_string(fd)}, {"socket", describe_socket(fd)}});
  }
}

}  // namespace alicorn
