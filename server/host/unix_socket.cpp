#include "server/host/unix_socket.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace alicorn {
namespace {

/// A chmod after the bind would leave a moment in which others may connect. The master has no
/// threads that would see the changed umask.
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

/// Whether a server that is gone has left its file there. Whatever else is there is an error.
Result<bool> has_stale_file(int probe, const Address& address) {
  struct stat status {};
  if (::lstat(address.path().c_str(), &status) < 0) {
    if (errno == ENOENT) return false;
    return fail_errno("lstat", address.path());
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(address.text() + ": a file that is no socket is in the way");
  }
  ::fcntl(probe, F_SETFL, O_NONBLOCK);
  // A full queue (EAGAIN) also is an answer.
  if (::connect(probe, address.data(), address.size()) == 0 || errno == EAGAIN) {
    return fail(address.text() + ": another server answers there");
  }
  if (errno == ENOENT) return false;
  if (errno != ECONNREFUSED) return fail_errno("connect", address.text());
  return true;
}

/// That, and nothing else.
Result<void> remove_stale(const Address& address) {
  auto probe = adopt(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  if (!probe) return tl::unexpected(probe.error());
  const auto is_stale = has_stale_file(probe->get(), address);
  if (!is_stale) return tl::unexpected(is_stale.error());
  if (*is_stale && ::unlink(address.path().c_str()) < 0 && errno != ENOENT) {
    return fail_errno("unlink", address.path());
  }
  return {};
}

}  // namespace

Result<void> bind_unix(int fd, const Address& address, mode_t mode) {
  if (bind_private(fd, address, mode) == 0) return {};
  if (errno != EADDRINUSE) return fail_errno("bind", address.text());
  if (is_abstract(address)) return fail(address.text() + ": another server answers there");
  if (auto removed = remove_stale(address); !removed) return removed;
  if (bind_private(fd, address, mode) < 0) return fail_errno("bind", address.text());
  return {};
}

Result<void> require_unserved(int fd, const Address& address) {
  if (is_abstract(address)) return bind_unix(fd, address);
  const auto is_stale = has_stale_file(fd, address);
  return is_stale ? Result<void>{} : tl::unexpected(is_stale.error());
}

}  // namespace alicorn
