#include "server/arbiter/source_watch.hpp"

#include <array>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace alicorn {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                  IN_CREATE | IN_ONLYDIR | IN_DONT_FOLLOW;

/// Folders in which nobody writes sources by hand.
bool is_passed_over(const fs::path& folder) {
  const std::string name = folder.filename().string();
  std::error_code error;
  return name.starts_with('.') || name == "__pycache__" || name == "node_modules" ||
         fs::exists(folder / "pyvenv.cfg", error);
}

}  // namespace

Result<void> SourceWatch::open(const Sources& sources) {
  ending_ = sources.ending;
  file_ = sources.file;
  inotify_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_) return fail_errno("inotify_init1", "reload");
  Result<void> result;
  for (const std::string& folder : sources.folders) {
    if (auto followed = follow_below(folder); !followed) result = followed;
  }
  if (sources.file.empty()) return result;
  if (auto followed = follow(fs::path(file_).parent_path().string()); !followed) result = followed;
  return result;
}

Result<void> SourceWatch::follow(const std::string& folder) {
  const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
  if (watch < 0) {
    return fail_errno("inotify_add_watch",
                      folder + (errno == ENOSPC ? " (fs.inotify.max_user_watches)" : ""));
  }
  folders_.try_emplace(watch, folder);
  return {};
}

Result<void> SourceWatch::follow_below(const std::string& folder) {
  if (auto followed = follow(folder); !followed) return followed;
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    std::error_code unknown;
    if (!entries->is_directory(unknown) || entries->is_symlink(unknown)) continue;
    if (is_passed_over(entries->path())) {
      entries.disable_recursion_pending();
      continue;
    }
    if (auto followed = follow(entries->path().string()); !followed) return followed;
  }
  return {};
}

void SourceWatch::note(int watch, std::string_view name, bool is_folder, MonotonicTime now) {
  const auto found = folders_.find(watch);
  if (found == folders_.end()) return;
  const std::string path = found->second + '/' + std::string(name);
  if (is_folder) {
    // What is in it already has no event of its own.
    if (!ending_.empty() && !is_passed_over(path)) (void)follow_below(path);
    return;
  }
  const bool is_source = !ending_.empty() && name.ends_with(ending_) && !name.starts_with('.');
  if (!is_source && path != file_) return;
  changed_ = path;
  changed_at_ = now;
}

std::optional<std::string> SourceWatch::due(MonotonicTime now) {
  alignas(inotify_event) std::array<char, 16'384> bytes;
  while (inotify_) {
    const ssize_t size = ::read(inotify_.get(), bytes.data(), bytes.size());
    if (size <= 0) break;
    for (const char* at = bytes.data(); at < bytes.data() + size;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      const char* const name = at + sizeof event;
      at = name + event.len;
      if ((event.mask & IN_IGNORED) != 0) folders_.erase(event.wd);
      if (event.len == 0) continue;
      // A new file counts when it has been written.
      const bool is_folder = (event.mask & IN_ISDIR) != 0;
      if (!is_folder && (event.mask & IN_CREATE) != 0) continue;
      note(event.wd, {name, ::strnlen(name, event.len)}, is_folder, now);
    }
  }
  if (changed_.empty() || now < changed_at_ + kQuiet) return std::nullopt;
  return std::exchange(changed_, {});
}

std::optional<MonotonicTime> SourceWatch::next_event() const {
  return changed_.empty() ? std::nullopt : std::optional(changed_at_ + kQuiet);
}

}  // namespace alicorn
