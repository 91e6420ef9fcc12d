#include "server/host/pidfile.hpp"

#include "base/unique_fd.hpp"
#include "server/host/folder_lock.hpp"
#include "server/host/held_folder.hpp"
#include "server/host/process_state.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace alicorn {
namespace {

enum class Content { kMissing, kEmpty, kPid, kForeign };

struct Reading {
  Content content = Content::kMissing;
  pid_t pid = 0;
};

Result<Reading> read_pidfile(const HeldFolder& place) {
  const auto fd = place.open(O_RDONLY | O_NONBLOCK);
  if (!fd) {
    if (fd.error().code == std::errc::no_such_file_or_directory) return Reading{};
    return tl::unexpected(Error{fd.error().code, "pidfile " + place.path()});
  }
  std::array<char, 32> buffer{};
  const ssize_t size = ::read(fd->get(), buffer.data(), buffer.size());
  if (size < 0) return fail_errno("pidfile", place.path());
  if (size == 0) return Reading{Content::kEmpty};
  pid_t pid = 0;
  const char* const end = buffer.data() + size;
  const auto [parsed_to, error] = std::from_chars(buffer.data(), end, pid);
  const bool is_pid = error == std::errc{} && pid > 0 && (parsed_to == end || *parsed_to == '\n');
  return is_pid ? Reading{Content::kPid, pid} : Reading{Content::kForeign};
}

/// A zombie does not run: its parent has not reaped it yet. In a container that may take long, or
/// never happen.
bool is_running(pid_t pid) {
  if (::kill(pid, 0) != 0 && errno != EPERM) return false;
  // If nothing can be read (no /proc, or hidden by hidepid), the result of the signal counts.
  const char state = process_state(pid).value_or('R');
  return state != 'Z' && state != 'X';
}

/// An older server holds only a flock, which anybody who can open the file for reading could take.
/// Therefore only a lock of that very process counts, and only if the file belongs to its user.
bool is_flocked_by(int fd, pid_t pid) {
  if (::flock(fd, LOCK_SH | LOCK_NB) == 0) return false;
  struct stat file {};
  if (::fstat(fd, &file) < 0) return true;
  if (const auto user = process_user(pid); user && *user != file.st_uid) return false;
  std::ifstream locks("/proc/locks");
  if (!locks) return true;
  const std::string holder = ' ' + std::to_string(pid) + ' ';
  for (std::string line; std::getline(locks, line);) {
    if (line.find(" FLOCK ") != std::string::npos && line.find(holder) != std::string::npos) {
      return true;
    }
  }
  return false;
}

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// This lock requires write access to the file; any user can open it for reading.
void hold(int fd) {
  struct flock lock = whole_file(F_WRLCK);
  ::fcntl(fd, F_OFD_SETLK, &lock);
  ::flock(fd, LOCK_EX | LOCK_NB);  // an older server looks only for this lock
}

/// Nobody whose pid this could be holds the file: the pid of a killed server may belong to another
/// process by now. Where files cannot be locked, the pid alone decides.
bool is_abandoned(const HeldFolder& place, pid_t pid) {
  const auto fd = place.open(O_RDONLY | O_NONBLOCK);
  struct flock lock = whole_file(F_RDLCK);  // does not conflict with read locks of others
  return fd && ::fcntl(fd->get(), F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK &&
         !is_flocked_by(fd->get(), pid);
}

/// A reader sees the old content or the new one, never half of it. Gives the lock.
Result<UniqueFd> write_pid(const HeldFolder& place, pid_t pid) {
  const std::string text = std::to_string(pid) + "\n";
  const std::string draft = place.name() + "." + std::to_string(pid);
  static_cast<void>(place.remove(draft));
  auto fd = place.open(draft, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (!fd) return tl::unexpected(Error{fd.error().code, "pidfile " + place.path()});
  hold(fd->get());
  Result<void> done;
  if (::write(fd->get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
    done = place.replace_by(draft);
  } else {
    done = fail_errno("write", place.path());
  }
  if (done) return fd;
  static_cast<void>(place.remove(draft));
  return tl::unexpected(Error{done.error().code, "pidfile " + place.path()});
}

bool names(const HeldFolder& place, pid_t pid) {
  const Result<Reading> found = read_pidfile(place);
  return found && found->content == Content::kPid && found->pid == pid;
}

/// To be called under a FolderLock.
Result<void> require_free(const HeldFolder& place, pid_t pid) {
  const std::string& path = place.path();
  const Result<Reading> found = read_pidfile(place);
  if (!found) return tl::unexpected(found.error());
  if (found->content == Content::kForeign) {
    return fail("pidfile " + path + ": the file holds no pid; not touched");
  }
  const bool is_taken = found->content == Content::kPid && found->pid != pid &&
                        is_running(found->pid) && !is_abandoned(place, found->pid);
  if (is_taken) {
    return fail("pidfile " + path + ": already running with pid " + std::to_string(found->pid));
  }
  return {};
}

/// The folder of a pidfile.
Result<HeldFolder> place_of(const std::string& path) {
  auto place = HeldFolder::of(path);
  if (!place) return tl::unexpected(Error{place.error().code, "pidfile " + path});
  return place;
}

}  // namespace

Result<Pidfile> Pidfile::create(const std::string& path) {
  const FolderLock lock(path);
  const auto place = place_of(path);
  if (!place) return tl::unexpected(place.error());
  const pid_t pid = ::getpid();
  if (auto free = require_free(*place, pid); !free) return tl::unexpected(free.error());
  auto held = write_pid(*place, pid);
  if (!held) return tl::unexpected(held.error());
  return Pidfile(path, pid, std::move(*held));
}

Result<void> Pidfile::make_room(const std::string& path) const {
  if (path_.empty()) return {};
  const auto from = place_of(path_), to = place_of(path);
  if (!from) return tl::unexpected(from.error());
  if (!to) return tl::unexpected(to.error());
  if (auto moved = from->move_to(*to); !moved) {
    if (moved.error().code != std::errc::no_such_file_or_directory) return moved;
    // A file that a killed master has left there would be taken for this master's.
    static_cast<void>(to->remove());
  }
  return {};
}

Result<UniqueFd> Pidfile::come_back(const std::string& path) const {
  if (path_.empty()) return UniqueFd();
  const FolderLock lock(path);
  const auto from = place_of(path_), to = place_of(path);
  if (!to) return tl::unexpected(to.error());
  if (auto free = require_free(*to, pid_); !free) return tl::unexpected(free.error());
  if (!from || !names(*from, pid_)) return write_pid(*to, pid_);
  return from->move_to(*to).map([] { return UniqueFd(); });
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

void Pidfile::remove(const std::vector<std::string>& other_places) {
  if (path_.empty()) return;
  std::vector<std::string> paths = other_places;
  paths.push_back(path_);
  for (const std::string& path : paths) {
    const auto place = place_of(path);
    if (place && names(*place, pid_)) static_cast<void>(place->remove());
  }
  path_.clear();
  lock_.reset();
}

}  // namespace alicorn
