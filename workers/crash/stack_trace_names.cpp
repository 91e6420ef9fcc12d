// Looks up the names of a trace's functions in the files that they were loaded from. Worker.
#include "app_api/demangle.hpp"
#include "app_api/elf_symbols.hpp"
#include "app_api/loaded_object.hpp"
#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "workers/crash/stack_trace.hpp"

#include <atomic>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

namespace alicorn {
namespace {

constexpr std::size_t kMangledMax = 1'025;

/// The kernel's file timestamps may be behind the clock by up to this much.
constexpr std::int64_t kTickUs = 10'000;

// Global because a signal handler gets no argument. Written before any handler can run.
std::int64_t prepared_us = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

UniqueFd open_regular(const char* path) {
  // O_NONBLOCK: a FIFO of this name must not block us.
  UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  const bool is_regular = fd && ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode);
  return is_regular ? std::move(fd) : UniqueFd();
}

bool is_older_than_what_is_loaded(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return false;
  // ctime, because renaming over the old file changes it and nobody can set it back.
  const std::int64_t changed_us =
      std::int64_t{status.st_ctim.tv_sec} * 1'000'000 + status.st_ctim.tv_nsec / 1'000;
  return changed_us + kTickUs < prepared_us;
}

/// The debug symbols of a stripped file, in the place where distribution packages install them.
UniqueFd open_debug_file(const BuildId& id) {
  if (id.size < 2) return {};
  constexpr char kFolder[] = "/usr/lib/debug/.build-id/";
  constexpr char kDigits[] = "0123456789abcdef";
  char path[sizeof kFolder + 2 * BuildId::kSizeMax + sizeof "/.debug"];
  std::memcpy(path, kFolder, sizeof kFolder - 1);
  char* at = path + sizeof kFolder - 1;
  for (std::uint8_t i = 0; i < id.size; ++i) {
    *at++ = kDigits[id.bytes[i] >> 4];
    *at++ = kDigits[id.bytes[i] & 15];
    if (i == 0) *at++ = '/';
  }
  std::memcpy(at, ".debug", sizeof ".debug");
  UniqueFd fd = open_regular(path);
  return fd && build_id_of_file(fd.get()) == id ? std::move(fd) : UniqueFd();
}

/// The frames in one object, as queries for its file.
class ObjectFrames {
 public:
  ObjectFrames(StackTrace& trace, std::uint32_t size, const LoadedObject& object) {
    for (std::uint32_t i = 0; i < size && count_ < kFunctionQueriesMax; ++i) {
      StackFrame& frame = trace.frames[i];
      if (frame.address < object.begin || frame.address >= object.end) continue;
      frames_[count_] = &frame;
      queries_[count_++].address = frame.address - object.bias;
    }
  }

  void ask(int fd) {
    find_functions(fd, {queries_, count_});
    for (std::size_t i = 0; i < count_; ++i) {
      StackFrame& frame = *frames_[i];
      if (queries_[i].name_offset == 0 || frame.function[0] != '\0') continue;
      char mangled[kMangledMax];
      if (read_text(fd, queries_[i].name_offset, mangled, sizeof mangled) == 0) {
        queries_[i].name_offset = 0;
        continue;
      }
      frame.function_offset = queries_[i].address - queries_[i].begin;
      demangle(mangled, frame.function, sizeof frame.function);
    }
  }
  bool all_named() const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (queries_[i].name_offset == 0) return false;
    }
    return true;
  }

 private:
  FunctionQuery queries_[kFunctionQueriesMax];
  StackFrame* frames_[kFunctionQueriesMax];
  std::size_t count_ = 0;
};

void name_functions_of(ObjectFrames frames, const LoadedObject& object) {
  const BuildId id = build_id_of_image(object.begin, object.end, object.bias);
  if (const UniqueFd fd = open_regular(object.path[0] != '\0' ? object.path : "/proc/self/exe")) {
    const bool is_the_one =
        id.size != 0 ? build_id_of_file(fd.get()) == id : is_older_than_what_is_loaded(fd.get());
    if (is_the_one) frames.ask(fd.get());
  }
  if (frames.all_named()) return;
  if (const UniqueFd fd = open_debug_file(id)) frames.ask(fd.get());
}

}  // namespace

void name_functions(StackTrace& trace) noexcept {
  const std::uint32_t size = trace.size.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < size; ++i) {
    const auto object = loaded_object_at(trace.frames[i].address);
    if (!object) continue;
    bool is_first = true;
    for (std::uint32_t before = 0; before < i; ++before) {
      const std::uint64_t address = trace.frames[before].address;
      if (address >= object->begin && address < object->end) is_first = false;
    }
    if (is_first) name_functions_of(ObjectFrames(trace, size, *object), *object);
  }
}

void believe_files_before_now() {
  if (prepared_us == 0) prepared_us = wall_clock_us();
}

}  // namespace alicorn
