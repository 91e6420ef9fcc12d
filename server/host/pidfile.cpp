#include "server/host/pidfile.hpp"

#include "base/unique_fd.hpp"
#include "server/host/folder_lock.hpp"
#include "server/host/process_state.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

namespace alicorn {
namespace {

enum class Content { kMissing, kEmpty, kPid, kForeign };

struct Reading {
  Content content = Content::kMissing;
  pid_t pid = 0;
};

Result<Reading> read_pidfile(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    if (errno == ENOENT) return Reading{};
    return fail_errno("pidfile", path);
  }
  std::array<char, 32> buffer{};
  const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
  if (size < 0) return fail_errno("pidfile", path);
  if (size == 0) return Reading{Content::kEmpty};
  pid_t pid = 0;
  const char* const end = buffer.data() + size;
  const auto [parsed_to, error] = std::from_chars(buffer.data(), end, pid);
  const bool is_pid = error == std::errc{} && pid > 0 && (parsed_to == end || *parsed_to == '\n');
  return is_pid ? Reading{Content::kPid, pid} : Reading{Content::kForeign};
}

/// A zombie does not run: only its parent has not looked yet, which in a container may take long,
/// or for ever.
bool is_running(pid_t pid) {
  if (::kill(pid, 0) != 0 && errno != EPERM) return false;
  // Where nothing can be read (no /proc, or hidden by hidepid), the signal's word stands.
  const char state = process_state(pid).value_or('R');
  return state != 'Z' && state != 'X';
}

/// Nobody holds the file whom a pid could be: that of a server which was killed may be another
/// process's by now. Where files cannot be locked, the pid's word stands.
bool is_abandoned(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) == 0;
}

/// A reader sees the old content or the new one, never half of it. Gives the lock.
Result<UniqueFd> write_pid(const std::string& path, pid_t pid) {
  const std::string text = std::to_string(pid) + "\n";
  const std::string draft = path + "." + std::to_string(pid);
  ::unlink(draft.c_str());
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  auto fd = adopt(::open(draft.c_str(), kFlags, 0644), "pidfile", path);
  if (!fd) return fd;
  ::flock(fd->get(), LOCK_EX | LOCK_NB);
  const bool is_written =
      ::write(fd->get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (is_written && ::rename(draft.c_str(), path.c_str()) == 0) return fd;
  const auto failure = fail_errno("pidfile", path);
  ::unlink(draft.c_str());
  return failure;
}

bool names(const std::string& path, pid_t pid) {
  const Result<Reading> found = read_pidfile(path);
  return found && found->content == Content::kPid && found->pid == pid;
}

/// Under a FolderLock.
Result<void> require_free(const std::string& path, pid_t pid) {
  const Result<Reading> found = read_pidfile(path);
  if (!found) return tl::unexpected(found.error());
  if (found->content == Content::kForeign) {
    return fail("pidfile " + path + ": the file holds no pid; not touched");
  }
  const bool is_taken = found->content == Content::kPid && found->pid != pid &&
                        is_running(found->pid) && !is_abandoned(path);
  if (is_taken) {
    return fail("pidfile " + path + ": already running with pid " + std::to_string(found->pid));
  }
  return {};
}

}  // namespace

Result<Pidfile> Pidfile::create(const std::string& path) {
  const FolderLock lock(path);
  const pid_t pid = ::getpid();
  if (auto free = require_free(path, pid); !free) return tl::unexpected(free.error());
  auto held = write_pid(path, pid);
  if (!held) return tl::unexpected(held.error());
  return Pidfile(path, pid, std::move(*held));
}

Result<void> Pidfile::make_room(const std::string& path) const {
  if (path_.empty()) return {};
  if (::rename(path_.c_str(), path.c_str()) < 0) {
    if (errno != ENOENT) return fail_errno("rename", path_);
    // What a killed master has left there would be taken for this one's.
    ::unlink(path.c_str());
  }
  return {};
}

Result<UniqueFd> Pidfile::come_back(const std::string& path) const {
  if (path_.empty()) return UniqueFd();
  const FolderLock lock(path);
  if (auto free = require_free(path, pid_); !free) return tl::unexpected(free.error());
  if (!names(path_, pid_)) return write_pid(path, pid_);
  if (::rename(path_.c_str(), path.c_str()) < 0) return fail_errno("rename", path_);
  return UniqueFd();
}

Result<void> Pidfile::move_to(const std::string& path) {
  auto moved = make_room(path);
  if (moved) note_place(path);
  return moved;
}

Result<void> Pidfile::move_back_to(const std::string& path) {
  auto new_lock = come_back(path);
  if (!new_lock) return tl::unexpected(new_lock.error());
  note_place(path, std::move(*new_lock));
  return {};
}

void Pidfile::note_place(const std::string& path, UniqueFd new_lock) {
  if (path_.empty()) return;
  path_ = path;
  if (new_lock) lock_ = std::move(new_lock);
}

void Pidfile::remove() {
  if (path_.empty()) return;
  if (names(path_, pid_)) ::unlink(path_.c_str());
  path_.clear();
  lock_.reset();
}

}  // namespace alicorn
