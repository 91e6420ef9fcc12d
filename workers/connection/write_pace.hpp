// Notices a client that does not take what is ready for it, or takes it too slowly. Decides without
// acting: bytes and time are arguments. Worker, I/O thread.
#pragma once

#include "workers/connection/request_reader.hpp"
#include "workers/contract/settings.hpp"
#include "workers/log/cut_reason.hpp"
#include "workers/net/minimum_rate.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace alicorn {

class WritePace {
 public:
  /// The client takes nothing at this moment.
  void note_blocked(std::uint64_t now_us) {
    if (blocked_us_ != 0) return;
    blocked_us_ = now_us;
    waiting_ = 0;
  }
  void note_moved() { blocked_us_ = 0; }
  bool is_blocked() const { return blocked_us_ != 0; }

  /// Called with each sweep while the client is blocked. `unsent`: bytes still in the kernel;
  /// `sent`: all bytes that the kernel was given.
  std::optional<CutReason> look_at_blocked(const Deadlines& deadlines, std::size_t unsent,
                                           std::uint64_t sent, std::uint64_t now_us) {
    // The socket has room again only when a third of its buffer, which may be megabytes, is empty.
    // So progress is measured by what has left the buffer.
    if (unsent < std::exchange(waiting_, unsent)) blocked_us_ = now_us;
    if (is_over(deadlines, blocked_us_, now_us)) return CutReason::kWriteTimeout;
    // Only differences matter, so the value may wrap.
    if (rate_.look(demand(deadlines), true, sent - unsent, now_us)) return CutReason::kWriteRate;
    return std::nullopt;
  }
  /// The same, called while the client is not blocked. `file_since_us`: since when a file has been
  /// waited for; 0: none is.
  std::optional<CutReason> look_at_moving(const Deadlines& deadlines, std::uint64_t file_since_us,
                                          std::uint64_t now_us) {
    rate_.look(demand(deadlines), false, 0, now_us);
    // A file that does not come is not the client's fault, but the wait must end some time.
    return is_over(deadlines, file_since_us, now_us) ? std::optional(CutReason::kFile)
                                                     : std::nullopt;
  }
  /// Restarts the rate. A client that is blocked stays blocked.
  void next_request() { rate_.restart(); }

 private:
  static MinimumRate::Demand demand(const Deadlines& deadlines) {
    return {deadlines.write_min_rate, rate_window_us(deadlines.write)};
  }
  static bool is_over(const Deadlines& deadlines, std::uint64_t since_us, std::uint64_t now_us) {
    return since_us != 0 && deadlines.write.count() != 0 &&
           now_us > since_us + to_us(deadlines.write);
  }

  std::uint64_t blocked_us_ = 0;  ///< 0: the client takes what comes
  std::size_t waiting_ = 0;       ///< bytes in the kernel when it last took any
  MinimumRate rate_;
};

}  // namespace alicorn
