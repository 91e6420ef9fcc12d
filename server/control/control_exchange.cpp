#include "server/control/control_exchange.hpp"

#include "base/address.hpp"
#include "base/unique_fd.hpp"
#include "server/control/control_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr std::size_t kAnswerMax = 64 << 20;
constexpr const char* kHint = "; is it running, with control_socket set? (alicorn ctl --help)";

Result<UniqueFd> connect_to(const ControlPath& where, milliseconds patience) {
  const std::string& path = where.path;
  const auto address = Address::parse("unix:" + path);
  if (!address) return tl::unexpected(address.error());
  auto fd = adopt(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  if (!fd) return fd;
  // Only SO_SNDTIMEO limits how long connect() waits for a place in the server's backlog.
  const auto whole = std::chrono::duration_cast<seconds>(patience);
  const timeval limit{
      .tv_sec = whole.count(),
      .tv_usec = std::chrono::duration_cast<microseconds>(patience - whole).count()};
  ::setsockopt(fd->get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (::connect(fd->get(), address->data(), address->size()) == 0) return fd;
  if (errno == EAGAIN) {
    return fail(fmt::format("the server at {} accepted no connection within {} s", path,
                            std::chrono::duration<double>(patience).count()));
  }
  if (errno == EACCES || errno == EPERM) {
    return fail(path + ": permission denied: only root and the user of the server may use it");
  }
  auto failure = fail_errno("no server at", path);
  failure.value().context =
      failure.value().text() + (where.origin.empty() ? "" : "; " + where.origin) + kHint;
  failure.value().code = {};
  return failure;
}

/// The owner of the folder can replace the socket's file, and so may run the server. Nothing if the
/// folder is writable for everybody: then the file says nothing about the owner.
std::optional<uid_t> owner_of_folder(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  const UniqueFd held(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!held || ::fstat(held.get(), &status) < 0) return std::nullopt;
  return (status.st_mode & S_IWOTH) == 0 ? std::optional(status.st_uid) : std::nullopt;
}

/// Somebody else may have created the socket to feed us false answers.
Result<void> require_trusted(const UniqueFd& fd, const std::string& path,
                             std::optional<uid_t> owner) {
  ucred server{};
  socklen_t size = sizeof(server);
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &server, &size) < 0) {
    return fail_errno("look who serves", path);
  }
  if (server.uid == 0 || server.uid == ::geteuid() || owner == server.uid) return {};
  if (!owner && owner_of_folder(path) == server.uid) return {};
  return fail(fmt::format(
      "{}: the process that listens there belongs to user {}, who is neither root nor you{}; if "
      "that is the server's user, say so with --owner {}",
      path, server.uid,
      owner ? " nor the user that --owner names" : " nor the owner of the socket's folder",
      server.uid));
}

/// False if nothing has arrived by the deadline.
bool is_readable(const UniqueFd& fd, MonotonicTime deadline) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - now());
    pollfd look{.fd = fd.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&look, 1, static_cast<int>(std::max(left, milliseconds(0)).count()));
    if (ready >= 0 || errno != EINTR) return ready != 0;
  }
}

}  // namespace

Result<std::string> ask_server(const ControlPath& where, const ControlExchange& exchange) {
  const std::string& path = where.path;
  const auto fd = connect_to(where, exchange.patience);
  if (!fd) return tl::unexpected(fd.error());
  if (auto trusted = require_trusted(*fd, path, exchange.owner); !trusted) {
    return tl::unexpected(trusted.error());
  }
  const std::string request = exchange.line + '\n';
  if (::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return fail_errno("send to", path);
  }
  MonotonicTime deadline = now() + exchange.patience;
  std::string answer;
  std::array<char, 16'384> bytes{};
  while (answer.find('\n', answer.size() - std::min(answer.size(), bytes.size())) ==
         std::string::npos) {
    if (!is_readable(*fd, deadline)) {
      return fail(
          fmt::format("the server at {} does not answer within {} s: it is stopped, or stuck{}",
                      path, std::chrono::duration<double>(exchange.patience).count(),
                      exchange.waits ? "; what it was asked for may be done all the same" : ""));
    }
    const ssize_t size = ::recv(fd->get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0) return fail_errno("read from", path);
    if (size == 0)
      return fail("the server at " + path + " closed the connection without an answer");
    if (exchange.waits) deadline = now() + exchange.patience;
    answer.append(bytes.data(), static_cast<std::size_t>(size));
    // Drop the signs of life in front of the answer.
    if (answer.front() == ControlSocket::kSignOfLife) {
      answer.erase(0, answer.find_first_not_of(ControlSocket::kSignOfLife));
    }
    if (answer.size() > kAnswerMax) return fail("the answer of " + path + " is too long");
  }
  return answer;
}

}  // namespace alicorn
