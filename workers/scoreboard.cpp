#include "workers/scoreboard.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// Cut to the array, always NUL-terminated: the reader may be looking at a slot that is being
/// filled.
template <std::size_t kCapacity>
void copy_cut(char (&target)[kCapacity], std::string_view text) noexcept {
  const std::size_t size = std::min(text.size(), kCapacity - 1);
  if (size != 0) std::memcpy(target, text.data(), size);
  target[size] = '\0';
}

/// The other process may be writing: never trusts the NUL to be there.
template <std::size_t kCapacity>
std::string read_cut(const char (&source)[kCapacity]) {
  return std::string(source, ::strnlen(source, kCapacity));
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

Result<Scoreboard> Scoreboard::create(std::uint32_t worker_slots, std::uint32_t calls_per_worker) {
  const std::size_t bytes_per_worker =
      sizeof(WorkerSlot) + std::size_t{calls_per_worker} * sizeof(CallSlot) + sizeof(CrashRecord);
  if (worker_slots == 0 || calls_per_worker == 0) return fail("scoreboard: no slots");
  if (worker_slots > std::numeric_limits<std::ptrdiff_t>::max() / bytes_per_worker) {
    return fail("scoreboard: more slots than memory can address");
  }
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t size = (worker_slots * bytes_per_worker + page - 1) / page * page;
  // An app that runs over the end of what lies beside it is to crash there, not to write in here.
  const std::size_t size_with_guards = size + 2 * page;
  void* const mapping = ::mmap(nullptr, size_with_guards, PROT_NONE,
                               MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return fail_errno("mmap", "scoreboard");
  void* const slots = static_cast<std::byte*>(mapping) + page;
  if (::mprotect(slots, size, PROT_READ | PROT_WRITE) < 0) {
    const auto failure = fail_errno("mprotect", "scoreboard");
    ::munmap(mapping, size_with_guards);
    return failure;
  }
  return Scoreboard({mapping, size_with_guards}, slots, worker_slots, calls_per_worker);
}

// The kernel's zeroes are the slots' initial values: constructing them would touch every page.
Scoreboard::Scoreboard(Mapping mapping, void* slots, std::uint32_t worker_slots,
                       std::uint32_t calls_per_worker)
    : mapping_(mapping),
      worker_slots_(worker_slots),
      calls_per_worker_(calls_per_worker),
      workers_(static_cast<WorkerSlot*>(slots)),
      calls_(reinterpret_cast<CallSlot*>(workers_ + worker_slots)),
      crashes_(
          reinterpret_cast<CrashRecord*>(calls_ + std::size_t{worker_slots} * calls_per_worker)) {
  static_assert(static_cast<std::uint32_t>(WorkerState::kEmpty) == 0);
  static_assert(std::atomic<WorkerState>::is_always_lock_free &&
                std::atomic<std::uint64_t>::is_always_lock_free);
}

Scoreboard::Scoreboard(Scoreboard&& other) noexcept
    : mapping_(std::exchange(other.mapping_, {})),
      worker_slots_(other.worker_slots_),
      calls_per_worker_(other.calls_per_worker_),
      workers_(other.workers_),
      calls_(other.calls_),
      crashes_(other.crashes_) {}

Scoreboard::~Scoreboard() {
  if (mapping_.start != nullptr) ::munmap(mapping_.start, mapping_.size);
}

void Scoreboard::reset(std::uint32_t slot, std::uint32_t generation, MonotonicTime now) {
  WorkerSlot& worker_slot = workers_[slot];
  for (CallSlot& call_slot : used_calls(slot)) call_slot.clear();
  worker_slot.generation.store(generation, std::memory_order_relaxed);
  worker_slot.heartbeat_us.store(to_us(now), std::memory_order_relaxed);
  worker_slot.requests.store(0, std::memory_order_relaxed);
  worker_slot.connections.store(0, std::memory_order_relaxed);
  worker_slot.accepted.store(0, std::memory_order_relaxed);
  worker_slot.openness.store(Openness::kClosed, std::memory_order_relaxed);
  worker_slot.thread_freed_us.store(0, std::memory_order_relaxed);
  worker_slot.recycling_wish.store(RecyclingWish::kNone, std::memory_order_relaxed);
  worker_slot.forget_drops();
  worker_slot.log_level_order.store(0, std::memory_order_relaxed);
  worker_slot.listeners_of_others.store(0, std::memory_order_relaxed);
  worker_slot.boot_error[0] = '\0';
  worker_slot.app_written_over.store(0, std::memory_order_relaxed);
  crashes_[slot].clear();
  worker_slot.kept_request.outcome.store(KeptRequest::Outcome::kNone, std::memory_order_relaxed);
  worker_slot.state.store(WorkerState::kStarting, std::memory_order_release);
}

std::span<CallSlot> Scoreboard::used_calls(std::uint32_t slot) const {
  // Never forked for: even the first look would make a page real.
  if (workers_[slot].generation.load(std::memory_order_relaxed) == 0) return {};
  CallSlot* const first = calls_ + slot * std::size_t{calls_per_worker_};
  std::size_t count = 0;
  while (count < calls_per_worker_ && first[count].was_used.load(std::memory_order_relaxed) != 0) {
    ++count;
  }
  return {first, count};
}

std::vector<CallReport> Scoreboard::calls_in_flight(std::uint32_t slot, std::size_t limit) const {
  std::vector<CallReport> reports;
  for (const CallSlot& call_slot : used_calls(slot)) {
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
    // Given back, or filled anew, while it was read: half of each. That this is seen as a rule is
    // enough, for a report is for people, and a dead worker's slots stand still. (TSan knows no
    // fences.)
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

std::size_t Scoreboard::count_in_flight(std::uint32_t slot) const {
  const auto calls = used_calls(slot);
  return static_cast<std::size_t>(
      std::count_if(calls.begin(), calls.end(), [](const CallSlot& call_slot) {
        return call_slot.busy.load(std::memory_order_relaxed) != 0;
      }));
}

CrashReport Scoreboard::crash_report(std::uint32_t slot) const {
  const CrashRecord& record = crashes_[slot];
  CrashReport report;
  report.signal = record.signal.load(std::memory_order_acquire);
  if (report.signal == 0) return report;
  report.code = record.code;
  report.thread = record.thread;
  report.sender = record.sender;
  report.address = record.address;
  report.backtrace = describe(record.trace);
  return report;
}

void Scoreboard::set_boot_error(std::uint32_t slot, std::string_view reason) noexcept {
  copy_cut(workers_[slot].boot_error, reason);
}

std::string Scoreboard::boot_error(std::uint32_t slot) const {
  return read_cut(workers_[slot].boot_error);
}

}  // namespace alicorn
