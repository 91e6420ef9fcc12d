#include "server/arbiter/upgrade/upgrade.hpp"

#include "server/host/inherited_listeners.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// Resolves the program as the shell did. /proc/self/exe would not do: if a symbolic link was moved
/// to a new release, it still points to the old binary.
std::string find_program(const std::string& name, const std::string& directory) {
  if (name.find('/') != std::string::npos) {
    return name.front() == '/' ? name : directory + "/" + name;
  }
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : "";
  while (!rest.empty() && !name.empty()) {
    const std::string_view entry = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    std::string folder(entry.empty() ? "." : entry);
    if (folder.front() != '/') folder.insert(0, directory + "/");
    std::string program = folder.append("/").append(name);
    if (::access(program.c_str(), X_OK) == 0) return program;
  }
  return "/proc/self/exe";
}

/// In the child: systemd's variables must name the pid of the process that reads them.
void prepare_successor(const Listeners& listeners, pid_t parent, const Upgrade::Plan& plan,
                       const Upgrade::Rooms& rooms, const UniqueFd& pipe) {
  Predecessor::hand_over(
      parent, plan.is_automatic ? std::optional(plan.leaves_within) : std::nullopt, pipe);
  std::size_t from_systemd = 0;
  for (const auto& listener : listeners) {
    if (listener->origin == Listener::Origin::kSystemd) ++from_systemd;
  }
  if (from_systemd > 0) {
    ::setenv("LISTEN_FDS", std::to_string(from_systemd).c_str(), 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  }
  ::setenv(kUpgradeFdsVariable, describe_for_upgrade(listeners).c_str(), 1);
  ::setenv(kRoomsVariable,
           describe_rooms(rooms.era + 1, rooms.kept, rooms.loads, rooms.mail_room).c_str(), 1);
}

}  // namespace

Upgrade::Upgrade(const CommandLine& command_line)
    : program_(find_program(command_line.argv.empty() ? "" : command_line.argv.front(),
                            command_line.working_directory)),
      arguments_(command_line.argv),
      directory_(command_line.working_directory),
      predecessor_(Predecessor::from_environment()),
      rooms_(take_shared_rooms()) {
  if (rooms_) of_old_ = rooms_->of_old;
  table_ = UpgradeTable(predecessor_.leaves_within());
}

UpgradeTable::OldMaster Upgrade::look() const {
  const bool is_there = predecessor_.is_there();
  return {.is_there = is_there, .has_hung_up = is_there && predecessor_.has_hung_up()};
}

/// Listeners are no longer shared with an old master that leaves. If the old master has to go on
/// after all, it undoes what the new master has done to them.
bool Upgrade::is_shared(const std::shared_ptr<Listener>& listener) const {
  return has_peer(standing()) &&
         std::any_of(shared_.begin(), shared_.end(),
                     [&](const auto& shared) { return shared.lock() == listener; });
}

/// An old master that still listens may have sent its workers away (`upgrade: manual`). An old
/// master that has given this one up either serves, or takes what waits in the queue as it stops
/// itself.
bool Upgrade::leaves_to_peer(const std::shared_ptr<Listener>& listener) const {
  const Standing present = standing();
  return (role_of(present) == "old" || present == Standing::kDisowned) && is_shared(listener);
}

void Upgrade::take_over(const Listeners& inherited, const Listeners& used) {
  for (const auto& listener : inherited) {
    if (std::find(used.begin(), used.end(), listener) != used.end()) {
      shared_.push_back(listener);
      continue;
    }
    superseded_fds_.push_back(listener->fd.get());
    superseded_.push_back(listener);
    listener->fd.reset();  // its queue is the old one's, and no worker of ours may hold it open
  }
}

void Upgrade::tell_predecessor(MonotonicTime now) {
  if (std::exchange(has_said_all_, true)) return;
  table_.note_told(predecessor_.say_serving(superseded_fds_), now);
}

void Upgrade::say_failure(std::string_view line) {
  if (!std::exchange(has_said_all_, true)) predecessor_.say(line);
}

Listeners Upgrade::take_superseded() {
  return has_predecessor() ? Listeners{} : std::exchange(superseded_, {});
}

/// If the pidfile could not come back after an earlier upgrade, it is still aside.
std::string Upgrade::place_aside(const Pidfile& pidfile) {
  if (pidfile_path_.empty()) pidfile_path_ = pidfile.path();
  return pidfile_path_ + ".oldbin";
}

/// A new master that knows nothing of the rooms harms nobody: its workers are not in them.
SlotSet Upgrade::own_slots(bool shares) const {
  if (has_successor()) return of_old_;
  return shares && has_predecessor() ? ~of_old_ : SlotSet().set();
}

Result<pid_t> Upgrade::start(const Listeners& listeners, const ServiceNotifier& notifier,
                             const Plan& plan, const Rooms& rooms) {
  int ends[2];
  // A new master that says more than the pipe holds must not wait for an old one that reads only at
  // the end.
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return fail_errno("pipe2", "upgrade");
  UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  ProgramSpawn spawn{.program = program_,
                     .arguments = arguments_,
                     .directory = directory_,
                     .inherited = {},
                     .before_exec = [&, parent = ::getpid()] {
                       prepare_successor(listeners, parent, plan, rooms, write_end);
                       notifier.hand_over();
                     }};
  for (const auto& listener : listeners) spawn.inherited.push_back(listener->fd.get());
  const std::vector<int> fds = descriptors_of(rooms.loads, rooms.mail_room);
  spawn.inherited.insert(spawn.inherited.end(), fds.begin(), fds.end());
  auto pid = spawn_program(spawn);
  if (pid) {
    successor_ = Successor(*pid, std::move(read_end));
    table_.note_started(plan);
    shared_.assign(listeners.begin(), listeners.end());
    of_old_ = rooms.kept;
  }
  return pid;
}

std::optional<UpgradeTable::Arrival> Upgrade::listen(bool is_stopping) {
  if (!successor_.listen()) return std::nullopt;
  const std::vector<int>& superseded = successor_.superseded();
  std::erase_if(shared_, [&](const auto& shared) {
    const auto listener = shared.lock();
    return !listener ||
           std::find(superseded.begin(), superseded.end(), listener->fd.get()) != superseded.end();
  });
  return table_.note_arrival(is_stopping);
}

std::optional<UpgradeTable::Aftermath> Upgrade::on_exit(const ExitReport& report,
                                                        bool is_stopping) {
  if (!has_successor() || report.pid != successor_.pid()) return std::nullopt;
  last_words_ = successor_.last_words();
  successor_ = Successor();
  shared_.clear();
  return table_.note_end(report, is_stopping);
}

void Upgrade::dismiss(int signal, MonotonicTime now) {
  table_.note_dismissal(signal, now);
  // Before the signal: as long as the old master listens, a new master that serves puts a SIGTERM
  // off.
  successor_.hang_up();
  send_signal(successor_.pid(), signal);
}

}  // namespace alicorn
