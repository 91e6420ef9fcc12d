#include "workers/contract/scoreboard.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// Cuts the text to the array and always ends it with NUL: a reader may look at the slot while it
/// is being filled.
template <std::size_t kCapacity>
void copy_cut(char (&target)[kCapacity], std::string_view text) noexcept {
  const std::size_t size = std::min(text.size(), kCapacity - 1);
  if (size != 0) std::memcpy(target, text.data(), size);
  target[size] = '\0';
}

/// Does not rely on the NUL: the other process may be writing.
template <std::size_t kCapacity>
std::string read_cut(const char (&source)[kCapacity]) {
  return std::string(source, ::strnlen(source, kCapacity));
}

constexpr const char* kName = "scoreboard";
constexpr std::size_t kCallsOffset =
    (sizeof(WorkerSlot) + sizeof(CrashRecord) + alignof(CallSlot) - 1) / alignof(CallSlot) *
    alignof(CallSlot);

std::size_t page_size() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t size_of(std::uint32_t calls_max) {
  const std::size_t size = kCallsOffset + std::size_t{calls_max} * sizeof(CallSlot);
  return (size + page_size() - 1) / page_size() * page_size();
}

/// Memory that can be sent to another process. RLIMIT_FSIZE is meant for the logs but applies here
/// as well, so the soft limit is raised as far as possible for this one call.
Result<UniqueFd> make_file(std::size_t size) {
  auto fd = adopt(::memfd_create("alicorn-scoreboard", MFD_CLOEXEC | MFD_ALLOW_SEALING),
                  "memfd_create", kName);
  if (!fd) return fd;
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &raised);
  const int resized = ::ftruncate(fd->get(), static_cast<off_t>(size));
  const int error = errno;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  errno = error;
  if (resized < 0) return fail_errno("ftruncate", kName);
  // If anybody could shrink the file, they could kill the master with SIGBUS.
  if (::fcntl(fd->get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
    return fail_errno("seal", kName);
  }
  return fd;
}

}  // namespace

void CallSlot::fill(std::string_view new_method, std::string_view new_path,
                    std::string_view new_request_id, std::string_view new_peer,
                    std::uint64_t new_started_us) noexcept {
  busy.store(0, std::memory_order_relaxed);
  was_used.store(1, std::memory_order_relaxed);
  thread.store(0, std::memory_order_relaxed);
  annotations_size.store(0, std::memory_order_relaxed);
  started_us.store(new_started_us, std::memory_order_relaxed);
  copy_cut(method, new_method);
  copy_cut(request_id, new_request_id);
  copy_cut(peer, new_peer);
  copy_cut(path, new_path);
  busy.store(1, std::memory_order_release);
}

void CallSlot::annotate(std::string_view name, std::string_view value) noexcept {
  std::size_t size = annotations_size.load(std::memory_order_relaxed);
  for (const std::string_view part :
       {std::string_view(size == 0 ? "" : ", "), name, std::string_view("="), value}) {
    const std::size_t fits = std::min(part.size(), sizeof annotations - size);
    if (fits != 0) std::memcpy(annotations + size, part.data(), fits);
    size += fits;
  }
  annotations_size.store(static_cast<std::uint32_t>(size), std::memory_order_release);
}

Result<WorkerBoard> WorkerBoard::create(MonotonicTime now, Sharing sharing,
                                        std::uint32_t calls_max) {
  auto fd = sharing == Sharing::kByDescriptor ? make_file(size_of(calls_max)) : UniqueFd();
  if (!fd) return tl::unexpected(fd.error());
  auto board = map(fd->get(), calls_max);
  if (!board) return board;
  board->fd_ = std::move(*fd);
  if (sharing == Sharing::kByDescriptor) board->keep_from_children();
  board->worker().heartbeat_us.store(to_us(now), std::memory_order_relaxed);
  board->worker().state.store(WorkerState::kStarting, std::memory_order_release);
  return board;
}

Result<WorkerBoard> WorkerBoard::map(int fd, std::uint32_t calls_max) {
  const std::size_t page = page_size(), size = size_of(calls_max);
  // An app that writes past the end of neighbouring memory must crash there, not write in here.
  const Mapping mapping{.start = ::mmap(nullptr, size + 2 * page, PROT_NONE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
                        .size = size + 2 * page};
  if (mapping.start == MAP_FAILED) return fail_errno("mmap", kName);
  const int flags = MAP_SHARED | MAP_FIXED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
  if (::mmap(static_cast<std::byte*>(mapping.start) + page, size, PROT_READ | PROT_WRITE, flags, fd,
             0) == MAP_FAILED) {
    const auto failure = fail_errno("mmap", kName);
    ::munmap(mapping.start, mapping.size);
    return failure;
  }
  return WorkerBoard(mapping, calls_max);
}

// The initial values are the kernel's zeroes. Constructing the slots would touch every page.
WorkerBoard::WorkerBoard(Mapping mapping, std::uint32_t calls_max)
    : mapping_(mapping),
      calls_max_(calls_max),
      worker_(reinterpret_cast<WorkerSlot*>(static_cast<std::byte*>(mapping.start) + page_size())),
      crash_(reinterpret_cast<CrashRecord*>(worker_ + 1)),
      calls_(reinterpret_cast<CallSlot*>(reinterpret_cast<std::byte*>(worker_) + kCallsOffset)) {
  static_assert(static_cast<std::uint32_t>(WorkerState::kEmpty) == 0);
  static_assert(std::atomic<WorkerState>::is_always_lock_free &&
                std::atomic<std::uint64_t>::is_always_lock_free);
  static_assert(alignof(CrashRecord) <= alignof(WorkerSlot));
}

WorkerBoard::WorkerBoard(WorkerBoard&& other) noexcept
    : mapping_(std::exchange(other.mapping_, {})),
      fd_(std::move(other.fd_)),
      calls_max_(other.calls_max_),
      worker_(other.worker_),
      crash_(other.crash_),
      calls_(other.calls_) {}

WorkerBoard::~WorkerBoard() {
  if (mapping_.start != nullptr) ::munmap(mapping_.start, mapping_.size);
}

void WorkerBoard::keep_from_children() const {
  ::madvise(mapping_.start, mapping_.size, MADV_DONTFORK);
}

std::span<CallSlot> WorkerBoard::used_calls() const {
  std::size_t count = 0;
  while (count < calls_max_ && calls_[count].was_used.load(std::memory_order_relaxed) != 0) {
    ++count;
  }
  return {calls_, count};
}

std::vector<CallReport> WorkerBoard::calls_in_flight(std::size_t limit) const {
  std::vector<CallReport> reports;
  for (const CallSlot& call_slot : used_calls()) {
    if (call_slot.busy.load(std::memory_order_acquire) == 0) continue;
    const std::size_t annotated = call_slot.annotations_size.load(std::memory_order_acquire);
    CallReport report{
        .method = read_cut(call_slot.method),
        .path = read_cut(call_slot.path),
        .request_id = read_cut(call_slot.request_id),
        .peer = read_cut(call_slot.peer),
        .started_us = call_slot.started_us.load(std::memory_order_relaxed),
        .thread = static_cast<pid_t>(call_slot.thread.load(std::memory_order_relaxed)),
        .annotations =
            std::string(call_slot.annotations, std::min(annotated, sizeof call_slot.annotations))};
    // The slot was released or refilled while it was read, so the copy mixes two calls. This check
    // usually notices; that is good enough because reports are for people, and the slots of a dead
    // worker do not change. (A fence would be exact, but TSan does not understand fences.)
    const bool still_the_same =
        call_slot.busy.load(std::memory_order_relaxed) != 0 &&
        call_slot.started_us.load(std::memory_order_relaxed) == report.started_us;
    if (still_the_same) reports.push_back(std::move(report));
  }
  std::sort(reports.begin(), reports.end(), [](const CallReport& left, const CallReport& right) {
    return left.started_us < right.started_us;
  });
  if (reports.size() > limit) reports.resize(limit);
  return reports;
}

std::size_t WorkerBoard::count_in_flight() const {
  const auto calls = used_calls();
  return static_cast<std::size_t>(
      std::count_if(calls.begin(), calls.end(), [](const CallSlot& call_slot) {
        return call_slot.busy.load(std::memory_order_relaxed) != 0;
      }));
}

CrashReport WorkerBoard::crash_report() const {
  const CrashRecord& record = *crash_;
  CrashReport report;
  const CrashKind kind = record.kind.load(std::memory_order_acquire);
  if (kind != CrashKind::kSignal && kind != CrashKind::kExit) return report;
  report.kind = kind;
  report.signal = kind == CrashKind::kSignal ? record.signal : 0;
  report.code = record.code;
  report.thread = record.thread;
  report.sender = record.sender;
  report.address = record.address;
  report.backtrace = describe(record.trace);
  report.app_stack = describe(record.app_stack);
  return report;
}

void WorkerBoard::set_boot_error(std::string_view reason) noexcept {
  copy_cut(worker_->boot_error, reason);
}

std::string WorkerBoard::boot_error() const {
  return read_cut(worker_->boot_error);
}

}  // namespace alicorn
