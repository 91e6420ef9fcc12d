// The master's view of the zygotes: processes that have loaded the app of one generation, and fork
// its workers on the master's orders. They run an application's code, and so may whoever speaks
// through their sockets: nothing of it is believed that the kernel does not say. Nothing here
// waits. Master.
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

/// A worker says that it is the master's child by now. Whether it is, the kernel knows.
struct WorkerForked {
  std::uint32_t slot;
  pid_t pid;
  int signal;  ///< that it was to get meanwhile; 0: none
};
/// A worker will not come.
struct WorkerNotForked {
  std::uint32_t slot;
  std::string reason;
};
using ZygoteEvent = std::variant<WorkerForked, WorkerNotForked>;

class Zygote {
 public:
  /// Read in one turn of the master's loop: whoever says more has to wait.
  static constexpr std::size_t kHeardPerTurn = 64;
  /// Messages that no zygote of ours sends: after so many there is nothing to expect of it. Those
  /// of a worker that was given up meanwhile are among them.
  static constexpr std::size_t kNonsenseMax = 64;
  /// From a worker's announcement until it is the master's child: longer than it tries.
  static constexpr milliseconds kAdoptionTime{15'000};
  /// Without an answer to any order: longer than the zygote lets a fork take.
  static constexpr milliseconds kForkTime{60'000};

  Zygote(std::uint32_t generation, pid_t pid, UniqueFd socket)
      : generation_(generation), pid_(pid), socket_(socket.release()) {}

  std::uint32_t generation() const { return generation_; }
  pid_t pid() const { return pid_; }
  int fd() const { return socket_.get(); }
  /// What no other child may keep: the socket, and the boards of workers that are not ordered yet.
  std::vector<int> descriptors() const;
  bool is_ready() const { return stage_ == Stage::kReady; }
  /// Why it gave up, if it said so.
  const std::string& last_words() const { return last_words_; }

  /// Orders the worker of this slot, as soon as the zygote is ready. `board`: what the worker
  /// shares with the master.
  void ask_for(std::uint32_t slot, UniqueFd board, MonotonicTime now);
  bool awaits(std::uint32_t slot) const { return awaited_.contains(slot); }
  bool awaits_any() const { return !awaited_.empty(); }
  /// A worker that the master has not taken on yet is to get a signal. True: the zygote was not
  /// asked for it yet, and it never comes. False: it gets the signal as soon as it is there.
  bool take_back(std::uint32_t slot, int signal);
  /// The worker that has announced itself with this pid has ended before it said that it is the
  /// master's child.
  std::optional<WorkerForked> take_announced(pid_t pid);
  /// Those that it still owed when it ended.
  std::vector<std::uint32_t> awaited() const;

  /// Other files, of which -1 is none: what a disk holds up must not hold up the zygote.
  void reopen_logs(int error_log, int access_log);
  /// What it says, of that which concerns a worker.
  std::vector<ZygoteEvent> hear(MonotonicTime now, std::size_t messages_max = kHeardPerTurn);
  /// It has closed its end, or spoken no sense: there is nothing to expect of it.
  bool is_mute() const { return !socket_; }
  /// After its end: what a process that it has left behind says from now on fails there.
  void stop_listening();

  /// Workers that were announced and have not become children of the master's in time. A zygote
  /// that answers no orders is mute from then on.
  std::vector<ZygoteEvent> give_up_late(MonotonicTime now);
  std::optional<MonotonicTime> next_deadline() const;

  /// It was told to leave, or killed: no more orders.
  bool is_dismissed() const { return is_dismissed_; }
  void dismiss();
  /// The signal for being late was sent: once for all workers that wait.
  bool was_aborted() const { return was_aborted_; }
  void note_abort() { was_aborted_ = true; }
  /// SIGKILL was sent; the first time counts.
  void note_kill(MonotonicTime now);
  /// Not even that has ended it in time: nobody is to wait for it any more.
  bool is_stuck(MonotonicTime now) const;

 private:
  enum class Stage {
    kLoading,
    kReady,
    kGaveUp,  ///< it has said so, and ends
  };
  struct Awaited {
    UniqueFd board{};         ///< until it is ordered
    bool is_ordered = false;  ///< the zygote knows
    int signal = 0;
    pid_t announced = 0;  ///< who says that it is this worker; 0: nobody yet
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
  LingeringFd socket_;  ///< what was sent and not read goes with it
  Stage stage_ = Stage::kLoading;
  bool is_dismissed_ = false;
  bool was_aborted_ = false;
  std::optional<MonotonicTime> killed_at_;
  std::size_t nonsense_ = 0;
  MonotonicTime answered_{};  ///< an order, or the oldest that is not was sent then
  std::string last_words_;
  std::map<std::uint32_t, Awaited> awaited_;  ///< by slot
};

class Zygotes {
 public:
  Zygote& add(Zygote zygote) { return zygotes_.emplace_back(std::move(zygote)); }
  /// The one to ask for workers of this generation; null: none listens.
  Zygote* of(std::uint32_t generation);
  /// The one that owes this worker.
  Zygote* awaiting(std::uint32_t slot);
  Zygote* with_pid(pid_t pid);
  /// Of one that is stuck; 0: none is.
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
