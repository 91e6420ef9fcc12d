#include "workers/crash/request_file.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr std::string_view kSuffix = ".http";
/// Added to the suffix while the file is written: until then it does not hold the whole request.
constexpr std::string_view kPartSuffix = ".part";
/// The crash handler gives a worker two seconds, so an older partial file will never be completed.
constexpr time_t kPartLifeMax = 60;
constexpr std::size_t kRequestIdMax = 64;  // in a file name, which may have 255 bytes

/// Buffered output to a descriptor. Keeps the first error.
class FileWriter {
 public:
  explicit FileWriter(int fd) : fd_(fd) {}

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    if (bytes.size() > buffer_.size() - size_) flush();
    if (bytes.size() > buffer_.size()) return write_all(bytes.data(), bytes.size());
    std::memcpy(buffer_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void append_mask(std::size_t size) {
    constexpr std::string_view kStars = "****************";
    for (; size > 0; size -= std::min(size, kStars.size())) append(kStars.substr(0, size));
  }
  /// Appends at least `width` digits.
  void append_number(std::uint64_t number, unsigned base, std::size_t width = 1) {
    std::array<char, 20> digits;  // NOLINT: filled from its end
    std::size_t at = digits.size();
    while (at > 0 && (number != 0 || digits.size() - at < width)) {
      digits[--at] = "0123456789abcdef"[number % base];
      number /= base;
    }
    for (std::size_t zeros = digits.size() - at; zeros < width; ++zeros) append("0");
    append({digits.data() + at, digits.size() - at});
  }
  int finish() {
    flush();
    return error_;
  }

 private:
  void flush() {
    write_all(buffer_.data(), size_);
    size_ = 0;
  }
  void write_all(const char* bytes, std::size_t size) {
    while (size > 0 && error_ == 0) {
      const ssize_t written = ::write(fd_, bytes, size);
      if (written > 0) {
        bytes += written;
        size -= static_cast<std::size_t>(written);
      } else if (written == 0 || errno != EINTR) {
        error_ = written == 0 ? EIO : errno;
      }
    }
  }

  const int fd_;
  int error_ = 0;
  std::size_t size_ = 0;
  std::array<char, 1024> buffer_;  // small: it is on the stack of a signal handler
};

/// Text that is cut to an array and always ends with NUL.
template <std::size_t kCapacity>
class TextIn {
 public:
  explicit TextIn(char (&target)[kCapacity]) : target_(target) { target_[0] = '\0'; }
  void append(std::string_view text) {
    fits_ = fits_ && text.size() < kCapacity - size_;
    const std::size_t size = std::min(text.size(), kCapacity - 1 - size_);
    if (size != 0) std::memcpy(target_ + size_, text.data(), size);
    size_ += size;
    target_[size_] = '\0';
  }
  void append_number(std::int64_t number, std::size_t width = 1) {
    std::array<char, 20> digits;  // NOLINT: filled from its end
    std::size_t at = digits.size();
    while (at > 0 && (number != 0 || digits.size() - at < width)) {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    }
    append({digits.data() + at, digits.size() - at});
  }
  bool fits() const { return fits_; }

 private:
  char (&target_)[kCapacity];
  std::size_t size_ = 0;
  bool fits_ = true;
};

/// Appends UTC time as "20261126T190215". gmtime_r() would take a lock.
template <class Text>
void append_stamp(Text& text) {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): calendar names
  const sys_seconds now(seconds(::time(nullptr)));
  const sys_days day = floor<days>(now);
  const year_month_day date(day);
  const hh_mm_ss time(now - day);
  text.append_number(static_cast<int>(date.year()), 4);
  text.append_number(static_cast<unsigned>(date.month()), 2);
  text.append_number(static_cast<unsigned>(date.day()), 2);
  text.append("T");
  text.append_number(time.hours().count(), 2);
  text.append_number(time.minutes().count(), 2);
  text.append_number(time.seconds().count(), 2);
}

/// A front-end server may have chosen the id, with bytes that a file name may not contain.
template <class Text>
void append_id(Text& text, std::string_view id) {
  for (const char c : id.substr(0, kRequestIdMax)) {
    const bool is_plain = is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '-' ||
                          c == '_' || c == '.';
    text.append({is_plain ? &c : "_", 1});
  }
}

/// Removes the partial file of a worker that did not finish.
bool remove_if_stale(int directory, const char* part) {
  struct stat status {};
  return ::fstatat(directory, part, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::time(nullptr) - status.st_mtime > kPartLifeMax && ::unlinkat(directory, part, 0) == 0;
}

/// Number of requests in the directory, including those being written, or -errno. readdir() would
/// allocate.
int count_files(const char* directory) {
  const int fd = ::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  struct Entry {
    std::uint64_t inode;
    std::int64_t next;
    std::uint16_t size;
    std::uint8_t type;
  };
  constexpr std::size_t kNameAt = offsetof(Entry, type) + 1;
  int count = 0;
  alignas(Entry) std::array<char, 2048> entries;  // NOLINT: filled by the kernel
  long got = 0;
  while ((got = ::syscall(SYS_getdents64, fd, entries.data(), entries.size())) > 0) {
    for (long at = 0; at < got;) {
      const char* const entry = entries.data() + at;
      std::uint16_t size = 0;
      std::memcpy(&size, entry + offsetof(Entry, size), sizeof size);
      const char* const name = entry + kNameAt;
      const bool is_part = std::string_view(name).ends_with(kPartSuffix);
      if (is_part ? !remove_if_stale(fd, name) : std::string_view(name).ends_with(kSuffix)) ++count;
      at += size;
    }
  }
  const int error = got < 0 ? -errno : 0;
  ::close(fd);
  return error != 0 ? error : count;
}

/// CGI-style names do not distinguish "_" from "-", and neither do the clients that send secrets.
bool is_same_field(std::string_view left, std::string_view right) {
  const auto plain = [](char c) { return c == '_' ? '-' : to_lower(c); };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return plain(a) == plain(b); });
}

bool is_secret(const CrashSettings& settings, std::string_view name) {
  return std::any_of(settings.redact.begin(), settings.redact.end(),
                     [&](const std::string& secret) { return is_same_field(name, secret); });
}

/// Writes one line of the head with its line end.
void write_field(FileWriter& out, const CrashSettings& settings, std::string_view line,
                 std::uint64_t body_kept) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return out.append(line);
  const std::string_view name = line.substr(0, colon);
  const std::size_t begin = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
  const std::size_t last = line.find_last_not_of(" \t\r\n");
  const std::size_t size = last == std::string_view::npos || last < begin ? 0 : last + 1 - begin;
  out.append(line.substr(0, begin));
  if (is_secret(settings, name)) {
    out.append_mask(size);
  } else if (equals_ignoring_case(name, "content-length")) {
    // The size of the body that is kept, padded with zeros: a replay must not wait for the rest.
    out.append_number(body_kept, 10, size);
  } else {
    out.append(line.substr(begin, size));
  }
  out.append(line.substr(begin + size));
}

void write_head(FileWriter& out, const CrashSettings& settings, std::string_view head,
                std::uint64_t body_kept) {
  for (bool is_request_line = true; !head.empty();) {
    const std::size_t end = std::min(head.find('\n'), head.size() - 1) + 1;
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end);
    if (is_request_line) {
      out.append(line);
      is_request_line = line == "\r\n";  // one leading empty line is allowed
    } else {
      write_field(out, settings, line, body_kept);
    }
  }
}

int write_request(int fd, const CrashSettings& settings, const RequestBytes& request,
                  std::string_view body) {
  FileWriter out(fd);
  write_head(out, settings, request.head, body.size());
  if (request.chunked && !body.empty()) {
    out.append_number(body.size(), 16);
    out.append("\r\n");
  }
  out.append(body);
  if (request.chunked) out.append(body.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n");
  return out.finish();
}

/// Never overwrites a file: two containers may share the directory and have the same pids.
int rename_to_new(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;  // not supported here
  return ::rename(from, to) == 0 ? 0 : errno;
}

}  // namespace

void write_request_file(const CrashSettings& settings, const RequestBytes& request,
                        KeptRequest& result) noexcept {
  using Outcome = KeptRequest::Outcome;
  const auto end = [&result](Outcome outcome, int error = 0) {
    result.error = error;
    result.outcome.store(outcome, std::memory_order_release);
  };
  end(Outcome::kUnfinished);  // remains if this step crashes or runs out of time
  TextIn path(result.path);
  path.append(settings.directory);
  const int count = count_files(settings.directory.c_str());
  if (count < 0) return end(Outcome::kFailed, -count);
  if (static_cast<std::uint32_t>(count) >= settings.files_max) return end(Outcome::kDirectoryFull);
  path.append("/");
  append_stamp(path);
  path.append("-");
  path.append_number(::getpid());
  path.append("-");
  append_id(path, request.request_id);
  path.append(kSuffix);
  char part_path[sizeof result.path];
  TextIn part(part_path);
  part.append(result.path);
  part.append(kPartSuffix);
  if (!path.fits() || !part.fits()) return end(Outcome::kFailed, ENAMETOOLONG);
  const int fd =
      ::open(part_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return end(Outcome::kFailed, errno);
  const std::string_view body = request.body.substr(0, settings.body_size_max);
  result.body_kept = body.size();
  result.body_size = request.body_size;
  int error = write_request(fd, settings, request, body);
  ::close(fd);
  if (error == 0) error = rename_to_new(part_path, result.path);
  if (error == 0) return end(Outcome::kKept);
  ::unlink(part_path);
  end(Outcome::kFailed, error);
}

}  // namespace alicorn
