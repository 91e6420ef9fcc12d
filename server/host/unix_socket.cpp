#include "server/host/unix_socket.hpp"

#include "base/unique_fd.hpp"
#include "server/host/held_folder.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace alicorn {
namespace {

/// A chmod after the bind would leave a moment in which others may connect. The master has no
/// threads that the changed umask would affect.
int bind_private(int fd, const Address& address, mode_t mode) {
  const mode_t before = ::umask(0777 & ~mode);
  const int result = ::bind(fd, address.data(), address.size());
  const int error = errno;
  ::umask(before);
  errno = error;
  return result;
}

bool is_abstract(const Address& address) {
  return address.path().starts_with('@');
}

/// A full queue (EAGAIN) is an answer too. Any other failure is in errno.
bool is_served(int probe, const Address& address) {
  ::fcntl(probe, F_SETFL, O_NONBLOCK);
  return ::connect(probe, address.data(), address.size()) == 0 || errno == EAGAIN;
}

tl::unexpected<Error> fail_served(const Address& address) {
  return fail(address.text() + ": another server answers there");
}

/// Either somebody else was faster, or it is an error.
Result<void> gone(const Error& error) {
  if (error.code == std::errc::no_such_file_or_directory) return {};
  return tl::unexpected(error);
}

/// Removes what a server that is gone left behind, and nothing else.
Result<void> remove_stale(const Address& address) {
  const auto place = HeldFolder::of(address.path());
  if (!place) return tl::unexpected(place.error());
  const auto status = place->look();
  if (!status) return gone(status.error());
  if (!S_ISSOCK(status->st_mode)) {
    return fail(address.text() + ": a file that is no socket is in the way");
  }
  auto probe = adopt(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  if (!probe) return tl::unexpected(probe.error());
  if (is_served(probe->get(), address)) return fail_served(address);
  if (errno == ENOENT) return {};
  if (errno != ECONNREFUSED) return fail_errno("connect", address.text());
  if (const auto removed = place->remove(); !removed) return gone(removed.error());
  return {};
}

}  // namespace

Result<void> bind_unix(int fd, const Address& address, mode_t mode) {
  if (bind_private(fd, address, mode) == 0) return {};
  if (errno != EADDRINUSE) return fail_errno("bind", address.text());
  if (is_abstract(address)) return fail_served(address);
  if (auto removed = remove_stale(address); !removed) return removed;
  if (bind_private(fd, address, mode) < 0) return fail_errno("bind", address.text());
  return {};
}

Result<void> require_unserved(int fd, const Address& address) {
  return is_served(fd, address) ? Result<void>(fail_served(address)) : Result<void>{};
}

void refuse_descriptors(int socket) {
#ifndef SO_PASSRIGHTS
  constexpr int SO_PASSRIGHTS = 83;  // NOLINT: as <asm-generic/socket.h> has it
#endif
  const int off = 0;
  // An older kernel does not know this option.
  static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off));
}

}  // namespace alicorn
