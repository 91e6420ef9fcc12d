#include "workers/loop/event_loop.hpp"

#include "base/invariant.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace alicorn {

namespace {

// The C library's function is a cancellation point: two atomic operations in a process with
// threads, none of which is ever cancelled. ThreadSanitizer is to see it.
int wait_for_events(int fd, epoll_event* events, std::size_t count, int timeout_ms) {
#if defined(__SANITIZE_THREAD__)
  return ::epoll_wait(fd, events, static_cast<int>(count), timeout_ms);
#else
  return static_cast<int>(
      ::syscall(SYS_epoll_pwait, fd, events, count, timeout_ms, nullptr, std::size_t{0}));
#endif
}

}  // namespace

void EventLoop::Node::insert_before(Node& other) {
  next = &other;
  previous = other.previous;
  previous->next = other.previous = this;
}

void EventLoop::Node::unlink() {
  next->previous = previous;
  previous->next = next;
  next = previous = nullptr;
}

EventLoop::EventLoop() {
  for (Node* list : {&due_, &queued_, &yielded_}) list->next = list->previous = list;
}

Result<void> EventLoop::open() {
  fd_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!fd_) return fail_errno("cannot make the event loop: epoll_create1");
  note_time(now());
  return {};
}

bool EventLoop::add(Source& source, int fd, std::uint32_t events) {
  if (first_free_ == Source::kNoSlot) {
    try {
      slots_.emplace_back();
    } catch (const std::bad_alloc&) {
      errno = ENOMEM;
      return false;
    }
    slots_.back().next_free = Source::kNoSlot;
    first_free_ = static_cast<std::uint32_t>(slots_.size() - 1);
  }
  if (!control(EPOLL_CTL_ADD, fd, events, first_free_)) return false;
  Slot& slot = slots_[first_free_];
  source.slot_ = std::exchange(first_free_, slot.next_free);
  slot.source = &source;
  return true;
}

bool EventLoop::change(Source& source, int fd, std::uint32_t events) {
  return control(EPOLL_CTL_MOD, fd, events, source.slot_);
}

bool EventLoop::control(int operation, int fd, std::uint32_t events, std::uint32_t slot) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = std::uint64_t{slots_[slot].generation} << 32 | slot;
  if (::epoll_ctl(fd_.get(), operation, fd, &event) == 0) return true;
  const int error = errno;
  if (complaint_.is_due(to_us(now()))) {
    std::string text = "the kernel refuses to watch a connection or a listener";
    if (error == ENOSPC) text += "; raise fs.epoll.max_user_watches (sysctl)";
    log::error(text, {{"error", std::system_category().message(error)}});
  }
  errno = error;
  return false;
}

void EventLoop::remove(Source& source, int fd) {
  ::epoll_ctl(fd_.get(), EPOLL_CTL_DEL, fd, nullptr);
  forget(source);
}

void EventLoop::forget(Source& source) {
  if (source.is_linked()) source.unlink();
  if (source.slot_ == Source::kNoSlot) return;
  Slot& slot = slots_[source.slot_];
  slot.source = nullptr;
  ++slot.generation;
  slot.next_free = std::exchange(first_free_, std::exchange(source.slot_, Source::kNoSlot));
}

bool EventLoop::turn(AppExecutor::Wait wait) {
  for (;;) {
    while (at_ < count_) {
      const epoll_event& event = events_[static_cast<std::size_t>(at_++)];
      Source* const source = source_of(event);
      if (source == nullptr) continue;
      source->on_events(event.events);
      return true;
    }
    if (!is_empty(due_)) {
      take_first(due_).on_events(kTurn);
      return true;
    }
    // Once, so that sources which queue themselves each time do not keep the kernel's news out.
    if (queued_may_run_ && !is_empty(queued_)) {
      queued_may_run_ = false;
      let_queued_run();
      continue;
    }
    if (LoopTimer* const timer = due_timer()) {
      timer->ring();
      return true;
    }
    if (yielded_may_run_ && !is_empty(yielded_)) {
      yielded_may_run_ = false;
      take_first(yielded_).on_events(kTurn);
      return true;
    }
    if (!fetch(wait)) return false;
    wait = AppExecutor::Wait::kMustNot;
  }
}

/// All of them become due. due_ is empty.
void EventLoop::let_queued_run() {
  std::swap(due_.next, queued_.next);
  std::swap(due_.previous, queued_.previous);
  due_.next->previous = due_.previous->next = &due_;
  queued_.next = queued_.previous = &queued_;
}

/// False: nothing has come.
bool EventLoop::fetch(AppExecutor::Wait wait) {
  const bool has_queued = !is_empty(queued_);
  const bool has_yielded = !is_empty(yielded_);
  if (has_queued) let_queued_run();
  queued_may_run_ = yielded_may_run_ = true;
  const bool may_wait = wait == AppExecutor::Wait::kMay && !has_queued && !has_yielded;
  const int timeout = may_wait ? milliseconds_to_timer() : 0;
  at_ = 0;
  count_ = wait_for_events(fd_.get(), events_.data(), kBatch, timeout);
  // Otherwise it would spin, and its sweep would still say that the loop is alive (I7).
  ensure(count_ >= 0 || errno == EINTR, "the loop's descriptor is intact: has the app closed it?");
  note_time(now());
  return count_ > 0 || has_queued || has_yielded || due_timer() != nullptr;
}

EventLoop::Source* EventLoop::source_of(const epoll_event& event) const {
  const auto number = static_cast<std::uint32_t>(event.data.u64);
  if (number >= slots_.size()) return nullptr;  // not ours: the app has replaced the descriptor
  const Slot& slot = slots_[number];
  return slot.generation == event.data.u64 >> 32 ? slot.source : nullptr;
}

LoopTimer* EventLoop::due_timer() {
  if (time() < no_timer_until_) return nullptr;
  no_timer_until_ = MonotonicTime::max();
  LoopTimer* first = nullptr;
  for (LoopTimer* const timer : timers_) {
    if (timer->time_ >= no_timer_until_) continue;
    no_timer_until_ = timer->time_;
    first = timer;
  }
  return no_timer_until_ <= time() ? first : nullptr;
}

int EventLoop::milliseconds_to_timer() const {
  MonotonicTime first = MonotonicTime::max();
  for (const LoopTimer* const timer : timers_) first = std::min(first, timer->time_);
  if (first == MonotonicTime::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(first - now()).count();
  // A longer wait only means that the loop looks at the timers once in between.
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

Result<void> ReadableWatch::watch(int fd) {
  if (!loop_.add(*this, fd, EPOLLIN)) return fail_errno("epoll_ctl");
  fd_ = fd;
  return {};
}

void ReadableWatch::on_events(std::uint32_t /*events*/) noexcept {
  if (times_ == Times::kOnce) stop();
  on_readable_();
}

void ReadableWatch::stop() {
  if (fd_ >= 0) loop_.remove(*this, std::exchange(fd_, -1));
}

LoopTimer::LoopTimer(EventLoop& loop, std::function<void()> on_time)
    : loop_(loop), on_time_(std::move(on_time)) {
  loop_.timers_.push_back(this);
}

LoopTimer::~LoopTimer() {
  std::erase(loop_.timers_, this);
}

void LoopTimer::ring() {
  time_ = MonotonicTime::max();
  on_time_();
}

}  // namespace alicorn
