// The master's view of the zygotes: processes that have loaded the app of one generation, and fork
// its workers on the master's orders. They run an application's code, which may also write to their
// sockets, so the master believes only what the kernel confirms. Nothing here waits. Master.
#pragma once

#include "base/clock.hpp"
#include "base/lingering_fd.hpp"
#include "base/unique_fd.hpp"
#include "server/arbiter/spawn/zygote_message.hpp"
#include "server/host/process.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <sys/types.h>

namespace alicorn {

/// A worker says that it is now the master's child. The kernel knows whether that is true.
struct WorkerForked {
  std::uint32_t slot;
  pid_t pid;
  int signal;  ///< a signal that the worker should have got meanwhile; 0: none
};
/// A worker will not be forked.
struct WorkerNotForked {
  std::uint32_t slot;
  std::string reason;
};
using ZygoteEvent = std::variant<WorkerForked, WorkerNotForked>;

class Zygote {
 public:
  /// Messages read in one turn of the master's loop: a process that sends more has to wait.
  static constexpr std::size_t kHeardPerTurn = 64;
  /// Messages that no zygote of ours sends. After so many, nothing useful is expected of the
  /// zygote. Messages of a worker that was given up meanwhile are counted too.
  static constexpr std::size_t kNonsenseMax = 64;
  /// From a worker's announcement until it is the master's child; longer than the worker tries.
  static constexpr milliseconds kAdoptionTime{15'000};
  /// Without an answer to any order; longer than the zygote lets a fork take.
  static constexpr milliseconds kForkTime{60'000};

  Zygote(std::uint32_t generation, pid_t pid, UniqueFd socket)
      : generation_(generation), pid_(pid), socket_(socket.release()) {}

  std::uint32_t generation() const { return generation_; }
  pid_t pid() const { return pid_; }
  int fd() const { return socket_.get(); }
  /// Descriptors that no other child may keep: the socket, and the boards of workers that are not
  /// ordered yet.
  std::vector<int> descriptors() const;
  bool is_ready() const { return stage_ == Stage::kReady; }
  /// Why the zygote gave up, if it said so.
  const std::string& last_words() const { return last_words_; }

  /// Orders the worker of this slot, as soon as the zygote is ready. `board`: what the worker
  /// shares with the master.
  void ask_for(std::uint32_t slot, UniqueFd board, MonotonicTime now);
  bool awaits(std::uint32_t slot) const { return awaited_.contains(slot); }
  bool awaits_any() const { return !awaited_.empty(); }
  /// A worker that the master has not taken on yet must get a signal. True: the zygote was not yet
  /// asked for the worker, which will never be forked. False: the worker gets the signal as soon as
  /// it is there.
  bool take_back(std::uint32_t slot, int signal);
  /// The worker that announced itself with this pid has ended before it said that it is the
  /// master's child.
  std::optional<WorkerForked> take_announced(pid_t pid);
  /// The workers that the zygote still owed when it ended.
  std::vector<std::uint32_t> awaited() const;

  /// Passes on new log files (-1: none). The zygote does not open them itself, because a stalled
  /// disk would hold it up.
  void reopen_logs(int error_log, int access_log);
  /// Reads what the zygote says; gives what concerns a worker.
  std::vector<ZygoteEvent> hear(MonotonicTime now, std::size_t messages_max = kHeardPerTurn);
  /// The zygote has closed its end, or sent nonsense: nothing more is expected of it.
  bool is_mute() const { return !socket_; }
  /// After the zygote's end: if a process that it left behind still writes to the socket, the write
  /// fails.
  void stop_listening();

  /// Workers that were announced and have not become children of the master in time. A zygote that
  /// does not answer orders counts as mute afterwards.
  std::vector<ZygoteEvent> give_up_late(MonotonicTime now);
  std::optional<MonotonicTime> next_deadline() const;

  /// The zygote was told to leave, or killed: it gets no more orders.
  bool is_dismissed() const { return is_dismissed_; }
  void dismiss();
  /// The signal for being late was sent; once for all workers that wait.
  bool was_aborted() const { return was_aborted_; }
  void note_abort() { was_aborted_ = true; }
  /// SIGKILL was sent; only the first call counts.
  void note_kill(MonotonicTime now);
  /// Not even SIGKILL has ended the zygote in time: nobody must wait for it any longer.
  bool is_stuck(MonotonicTime now) const;

 private:
  enum class Stage {
    kLoading,
    kReady,
    kGaveUp,  ///< it has said so, and is about to end
  };
  struct Awaited {
    UniqueFd board{};         ///< until the worker is ordered
    bool is_ordered = false;  ///< the zygote has the order
    int signal = 0;
    pid_t announced = 0;  ///< pid that claims to be this worker; 0: none yet
    MonotonicTime since{};
  };

  void send_orders(MonotonicTime now);
  std::optional<ZygoteEvent> understand(const ZygoteMessage& message, pid_t sender,
                                        MonotonicTime now);
  void note_nonsense();
  bool owes_answer() const;
  void hang_up();
  void fall_silent(std::string_view reason);

  std::uint32_t generation_;
  pid_t pid_;
  LingeringFd socket_;  ///< unread data is discarded when it closes
  Stage stage_ = Stage::kLoading;
  bool is_dismissed_ = false;
  bool was_aborted_ = false;
  std::optional<MonotonicTime> killed_at_;
  std::size_t nonsense_ = 0;
  MonotonicTime answered_{};  ///< the last answer; or when the oldest open order was sent
  std::string last_words_;
  std::map<std::uint32_t, Awaited> awaited_;  ///< by slot
};

class Zygotes {
 public:
  Zygote& add(Zygote zygote) { return zygotes_.emplace_back(std::move(zygote)); }
  /// The zygote to ask for workers of this generation; null: none listens.
  Zygote* of(std::uint32_t generation);
  /// The zygote that owes the worker of this slot.
  Zygote* awaiting(std::uint32_t slot);
  Zygote* with_pid(pid_t pid);
  /// The pid of a stuck zygote; 0: none is stuck.
  pid_t stuck(MonotonicTime now) const;
  void remove(const Zygote& zygote);

  std::list<Zygote>& all() { return zygotes_; }
  const std::list<Zygote>& all() const { return zygotes_; }
  bool empty() const { return zygotes_.empty(); }
  /// For the master's wait.
  std::vector<pollfd> watched() const;
  std::optional<MonotonicTime> next_deadline() const;

 private:
  std::list<Zygote> zygotes_;  // few: one per generation, and those on their way out
};

}  // namespace alicorn
