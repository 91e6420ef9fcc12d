// The master's view of the zygotes: processes that have loaded the app of one generation, and fork
// its workers on the master's orders. Nothing here waits. Master.
#pragma once

#include "base/unique_fd.hpp"
#include "server/arbiter/zygote_message.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <sys/types.h>

namespace alicorn {

/// A worker is there.
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
  Zygote(std::uint32_t generation, pid_t pid, UniqueFd socket)
      : generation_(generation), pid_(pid), socket_(std::move(socket)) {}

  std::uint32_t generation() const { return generation_; }
  pid_t pid() const { return pid_; }
  int fd() const { return socket_.get(); }
  bool is_ready() const { return is_ready_; }
  /// Why it gave up, if it said so.
  const std::string& last_words() const { return last_words_; }

  /// Orders the worker of this slot, as soon as the zygote is ready.
  void ask_for(std::uint32_t slot);
  bool awaits(std::uint32_t slot) const { return awaited_.contains(slot); }
  bool awaits_any() const { return !awaited_.empty(); }
  /// A worker whose pid is not known yet is to get a signal. True: the zygote was not asked for it
  /// yet, and it never comes. False: it gets the signal as soon as it is there.
  bool take_back(std::uint32_t slot, int signal);
  /// Those that it still owed when it ended.
  std::vector<std::uint32_t> awaited() const;

  void reopen_logs();
  /// The next thing that it says, of those that concern a worker.
  std::optional<ZygoteEvent> hear();
  /// It has closed its end, or spoken no sense: there is nothing to expect of it.
  bool is_mute() const { return !socket_; }
  /// After its end: what a process that it has left behind says from now on fails there.
  void stop_listening();

  /// It was told to leave, or killed: no more orders.
  bool is_dismissed() const { return is_dismissed_; }
  void dismiss();
  /// The signal for being late was sent: once for all workers that wait.
  bool was_aborted() const { return was_aborted_; }
  void note_abort() { was_aborted_ = true; }

 private:
  struct Awaited {
    bool is_ordered = false;  ///< the zygote knows
    int signal = 0;
  };

  void send_orders();
  std::optional<ZygoteEvent> understand(const ZygoteMessage& message, pid_t sender);

  std::uint32_t generation_;
  pid_t pid_;
  UniqueFd socket_;
  bool is_ready_ = false;
  bool is_dismissed_ = false;
  bool was_aborted_ = false;
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
  void remove(const Zygote& zygote);

  std::list<Zygote>& all() { return zygotes_; }
  bool empty() const { return zygotes_.empty(); }
  /// For the master's wait.
  std::vector<pollfd> watched() const;

 private:
  std::list<Zygote> zygotes_;  // few: one per generation, and those on their way out
};

}  // namespace alicorn
