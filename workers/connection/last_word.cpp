#include "workers/connection/last_word.hpp"

#include "workers/crash/crash_handler.hpp"
#include "workers/http/own_fields.hpp"
#include "workers/http/response.hpp"

#include <sys/socket.h>
#include <time.h>

namespace alicorn {
namespace {

/// Unread input would turn the close into a reset, which destroys the answer. So from a client that
/// is still sending, at most this many bytes are read, in at most this many rounds.
constexpr std::size_t kDrainedMax = 1024 * 1024;
constexpr int kDrainRoundsMax = 30;
constexpr timespec kBetweenRounds{.tv_sec = 0, .tv_nsec = 1'000'000};

int fd_of(std::uint64_t state) {
  return static_cast<int>(state & 0x7fffffff);
}

}  // namespace

LastWords::LastWords(std::string_view server_header) {
  const OwnFields own_fields(server_header);
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    const bool app_has_it = (i & kAppHasIt) != 0;
    append_error(answers_[i], {.status = app_has_it ? 500 : 503,
                               .keep_alive = false,
                               .head_only = (i & kToHead) != 0,
                               .retry_after_s = app_has_it ? 0U : 1U,
                               .own_fields = own_fields.lines(false, true)});
  }
}

void LastWords::add(LastWord& word) noexcept {
  word.next_ = first_.load(std::memory_order_relaxed);
  if (word.next_ != nullptr) word.next_->previous_ = &word;
  first_.store(&word, std::memory_order_release);
}

void LastWords::remove(LastWord& word) noexcept {
  if (word.next_ != nullptr) word.next_->previous_ = word.previous_;
  if (word.previous_ != nullptr) {
    word.previous_->next_ = word.next_;
  } else {
    first_.store(word.next_, std::memory_order_release);
  }
}

template <class Function>
void LastWords::for_each(Function function) const noexcept {
  LastWord* word = first_.load(std::memory_order_acquire);
  for (; word != nullptr; word = word->next_) function(*word);
}

void LastWords::say_on_crash() {
  add_crash_step({.run = [](void* words,
                            const CrashRecord&) noexcept { static_cast<LastWords*>(words)->say(); },
                  .context = this});
}

void LastWords::say() noexcept {
  for_each([this](LastWord& word) { send(word); });
  for (int round = 0; round < kDrainRoundsMax; ++round) {
    std::size_t drained = 0;
    for_each([&](LastWord& word) { drained += drain(word); });
    if (drained == 0) return;
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &kBetweenRounds, nullptr);
  }
}

void LastWords::send(LastWord& word) const noexcept {
  const std::uint64_t state = word.state_.load(std::memory_order_acquire);
  if (state == 0) return;
  const int fd = fd_of(state);
  word.withdraw();
  std::array<iovec, 2> parts;  // NOLINT: filled by gather; copied bytes make up one piece
  int count = 0;
  bool is_all_queued = true;
  if ((state & LastWord::kAfterQueue) != 0) {
    count = word.queue_.gather(parts.data(), 1);  // what was copied is one piece
    is_all_queued = count == 1 && parts[0].iov_len == word.queue_.size();
  }
  if (const std::string* answer = owed(word, state); answer != nullptr && is_all_queued) {
    parts.at(static_cast<std::size_t>(count++)) = {.iov_base = const_cast<char*>(answer->data()),
                                                   .iov_len = answer->size()};
  }
  if (count > 0) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = static_cast<std::size_t>(count);
    if (::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) <= 0) return;
  }
  ::shutdown(fd, SHUT_WR);
  if (count == 0) return;
  word.state_.store(static_cast<std::uint64_t>(fd) | LastWord::kSaid, std::memory_order_relaxed);
}

/// The answer that is owed; null: none.
const std::string* LastWords::owed(const LastWord& word, std::uint64_t state) const noexcept {
  if ((state & LastWord::kPromised) != 0) {
    const auto* const started_us = word.app_started_us_.load(std::memory_order_relaxed);
    const bool app_has_it =
        started_us != nullptr && started_us->load(std::memory_order_relaxed) != 0;
    return &answers_.at((app_has_it ? kAppHasIt : 0) |
                        ((state & LastWord::kToHead) != 0 ? kToHead : 0));
  }
  const char* const read = word.read_target_.load(std::memory_order_relaxed);
  if (read != nullptr && *read != '\0') return &answers_[0];
  char unread[16];
  const ssize_t count = ::recv(fd_of(state), unread, sizeof unread, MSG_PEEK | MSG_DONTWAIT);
  std::string_view text(unread, count > 0 ? static_cast<std::size_t>(count) : 0);
  while (text.starts_with('\r') || text.starts_with('\n')) text.remove_prefix(1);
  if (text.empty()) return nullptr;
  return &answers_.at(text.starts_with("HEAD ") ? kToHead : 0);
}

/// Returns how many bytes it has read.
std::size_t LastWords::drain(LastWord& word) noexcept {
  const std::uint64_t state = word.state_.load(std::memory_order_relaxed);
  if ((state & LastWord::kSaid) == 0) return 0;
  char unread[16 * 1024];
  std::size_t total = 0;
  ssize_t count = 0;
  while (total < kDrainedMax &&
         (count = ::recv(fd_of(state), unread, sizeof unread, MSG_DONTWAIT)) > 0) {
    total += static_cast<std::size_t>(count);
  }
  if (count == 0) word.withdraw();  // the client has ended, too
  return total;
}

}  // namespace alicorn
