#include "server/control/control_listener.hpp"

#include "server/host/folder_lock.hpp"
#include "server/host/held_folder.hpp"
#include "server/host/unix_socket.hpp"

#include <cstdio>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr int kBacklog = 128;
constexpr mode_t kMode = 0600;

Result<UniqueFd> new_socket(const Address& address) {
  return adopt(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket",
               address.text());
}

/// The process that listens there; 0: none.
pid_t listener_at(const Address& address) {
  const auto probe = new_socket(address);
  if (!probe || ::connect(probe->get(), address.data(), address.size()) < 0) return 0;
  ucred peer{};
  socklen_t size = sizeof(peer);
  return ::getsockopt(probe->get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

}  // namespace

Result<ControlListener> ControlListener::open(const std::string& path, pid_t predecessor) {
  const auto address = Address::parse("unix:" + path);
  if (!address) return tl::unexpected(address.error());
  auto fd = new_socket(*address);
  if (!fd) return tl::unexpected(fd.error());
  refuse_descriptors(fd->get());
  ControlListener listener;
  listener.fd_ = std::move(*fd);
  listener.path_ = path;
  // Held until the socket listens: one that is only bound looks stale to another server.
  const FolderLock lock(path);
  const bool takes_over = predecessor > 0 && listener_at(*address) == predecessor;
  const auto bound =
      takes_over ? listener.take_over(*address) : bind_unix(listener.fd_.get(), *address, kMode);
  if (!bound) return tl::unexpected(bound.error());
  const auto place = HeldFolder::of(path);
  const auto status = place ? place->look() : tl::unexpected(place.error());
  if (!status) return tl::unexpected(status.error());
  if (!takes_over && ::listen(listener.fd_.get(), kBacklog) < 0) {
    const auto failure = fail_errno("listen", path);
    static_cast<void>(place->remove());
    return failure;
  }
  listener.device_ = status->st_dev;
  listener.inode_ = status->st_ino;
  return listener;
}

/// Binds under a temporary name first; rename() then replaces the old socket in one step.
Result<void> ControlListener::take_over(const Address& address) {
  const std::string draft = address.path() + "." + std::to_string(::getpid());
  const auto draft_address = Address::parse("unix:" + draft);
  if (!draft_address) return tl::unexpected(draft_address.error());
  if (auto bound = bind_unix(fd_.get(), *draft_address, kMode); !bound) return bound;
  const bool done =
      ::listen(fd_.get(), kBacklog) == 0 && std::rename(draft.c_str(), address.path().c_str()) == 0;
  if (done) return {};
  const auto failure = fail_errno("take over", address.text());
  ::unlink(draft.c_str());
  return failure;
}

bool ControlListener::is_in_place() const {
  const auto place = HeldFolder::of(path_);
  return fd_ && place && place->has(device_, inode_);
}

void ControlListener::close() {
  const auto place = HeldFolder::of(path_);
  if (fd_ && place && place->has(device_, inode_)) static_cast<void>(place->remove());
  fd_.reset();
  path_.clear();
}

}  // namespace alicorn
