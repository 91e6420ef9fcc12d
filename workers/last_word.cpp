#include "workers/last_word.hpp"

#include "workers/crash_handler.hpp"
#include "workers/http_response.hpp"

#include <sys/socket.h>
#include <time.h>

namespace alicorn {
namespace {

/// Unread input would turn the close into a reset, which destroys the answer: of a client that is
/// still sending, so many bytes are taken, in so many looks.
constexpr std::size_t kDrainedMax = 1024 * 1024;
constexpr int kDrainRoundsMax = 30;
constexpr timespec kBetweenRounds{.tv_sec = 0, .tv_nsec = 1'000'000};

}  // namespace

LastWords::LastWords(std::string_view server_header) {
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    const bool app_has_it = (i & 1) != 0;
    append_error(answers_[i], {.status = app_has_it ? 500 : 503,
                               .keep_alive = false,
                               .head_only = (i & 2) != 0,
                               .retry_after_s = app_has_it ? 0U : 1U,
                               .date = {},
                               .server = server_header});
  }
}

void LastWords::add(LastWord& word) noexcept {
  word.next_ = first_.load(std::memory_order_relaxed);
  first_.store(&word, std::memory_order_release);
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
  const std::uint64_t state = word.state_.load(std::memory_order_relaxed);
  if ((state & LastWord::kPromised) == 0) return;
  const std::size_t kind =
      (state & LastWord::kAppHasIt ? 1U : 0U) + (state & LastWord::kToHead ? 2U : 0U);
  const std::string& answer = answers_.at(kind);
  const int fd = word.fd();
  word.withdraw();
  if (::send(fd, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL) <= 0) return;
  ::shutdown(fd, SHUT_WR);
  word.state_.store(static_cast<std::uint64_t>(fd) | LastWord::kSaid, std::memory_order_relaxed);
}

/// How many bytes there were.
std::size_t LastWords::drain(LastWord& word) noexcept {
  if ((word.state_.load(std::memory_order_relaxed) & LastWord::kSaid) == 0) return 0;
  char unread[16 * 1024];
  std::size_t total = 0;
  ssize_t count = 0;
  while (total < kDrainedMax &&
         (count = ::recv(word.fd(), unread, sizeof unread, MSG_DONTWAIT)) > 0) {
    total += static_cast<std::size_t>(count);
  }
  if (count == 0) word.withdraw();  // the client has ended, too
  return total;
}

}  // namespace alicorn
