// Binary upgrade (USR2): a new master from the same command line, beside the old one, with its
// listeners. Master.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "server/arbiter/process.hpp"
#include "server/config/command_line.hpp"
#include "server/host/daemonize.hpp"
#include "server/host/listeners.hpp"
#include "server/host/pidfile.hpp"

#include <string>

#include <sys/types.h>

namespace alicorn {

class Upgrade {
 public:
  /// At start, before anything changes the directory or the environment. Takes ALICORN_PARENT_PID
  /// out of it.
  explicit Upgrade(const CommandLine& command_line);

  /// This process was started by an upgrade: it is in the background already if it is to be there.
  bool is_successor() const { return predecessor_ > 0; }
  /// The old master, which started this one, still runs.
  bool has_predecessor() const;
  /// The new master, which this one started, still runs.
  bool has_successor() const { return successor_ > 0; }
  pid_t predecessor() const { return predecessor_; }
  pid_t successor() const { return successor_; }
  /// Two masters share the sockets: neither may take them away from the other.
  bool has_peer() const { return has_predecessor() || has_successor(); }

  /// The pidfile makes room for the new master's.
  Result<pid_t> start(const Listeners& listeners, Pidfile& pidfile);
  /// Whether that was the new master; the pidfile is in its place again then.
  bool on_exit(const ExitReport& report, Pidfile& pidfile);
  /// In the new master: where the old one listens for why it could not start.
  StartReport take_start_report() { return StartReport(std::move(to_predecessor_)); }
  /// In the old one: the last line that a new one said which ended before it served; "": it served,
  /// or said nothing.
  const std::string& last_words() const { return last_words_; }

 private:
  std::string program_;
  std::vector<std::string> arguments_;
  std::string directory_;
  std::string pidfile_path_;
  pid_t predecessor_ = 0;
  pid_t successor_ = 0;
  UniqueFd to_predecessor_;
  UniqueFd from_successor_;
  std::string last_words_;
};

}  // namespace alicorn
