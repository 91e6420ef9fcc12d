#include "server/arbiter/spawn/errand.hpp"

#include "base/append_file.hpp"
#include "base/lingering_fd.hpp"
#include "base/log.hpp"
#include "base/open_descriptors.hpp"

#include <algorithm>
#include <utility>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

int run(const Errand& errand, int socket, LingeringFd log, pid_t master) {
  let_threads_close();  // the master's own log
  const int number = log.get();
  log::replace_file(AppendFile::own(std::move(log)));
  // A child that a disk holds up keeps no descriptor by which somebody waits for the master or its
  // end.
  close_all_but_files({socket, number});
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != master) return 0;
  send_finds(socket, errand.work());
  return 0;
}

}  // namespace

void Errands::send(Errand errand, const std::vector<int>& close_in_child, milliseconds limit,
                   MonotonicTime now) {
  if (are_many_stuck(now)) {
    return errand.done(fail("a disk has not answered: " + std::to_string(kStuckMax) +
                            " processes that were to open or read files are stuck, and another "
                            "one would join them"));
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
    return errand.done(fail_errno("socketpair", errand.purpose));
  }
  UniqueFd own(ends[0]);
  const UniqueFd other(ends[1]);
  auto log = log::duplicate_descriptor();
  if (!log) return errand.done(tl::unexpected(log.error()));
  const auto pid = spawn_({.name = "errand",
                           .title = "alicorn: errand (" + errand.purpose + ")",
                           .close_in_child = close_in_child,
                           .body = [&, master = ::getpid()] {
                             return run(errand, other.get(), std::move(*log), master);
                           }});
  if (!pid) return errand.done(tl::unexpected(pid.error()));
  under_way_.emplace(UnderWay{.errand = std::move(errand),
                              .pid = *pid,
                              .socket = std::move(own),
                              .reader = {},
                              .limit = limit,
                              .deadline = now + limit});
}

void Errands::hear(MonotonicTime now) {
  if (!under_way_) return;
  using State = ErrandReader::State;
  const std::string& purpose = under_way_->errand.purpose;
  switch (under_way_->reader.read(under_way_->socket.get())) {
    case State::kWhole:
      return end(under_way_->reader.take(), now + kTimeAfterKill);
    case State::kBroken:
      return end(fail("the process that handles the files of the " + purpose + " ended early"),
                 now + kTimeAfterKill);
    case State::kUnfinished:
      break;
  }
  if (now < under_way_->deadline) return;
  send_signal(under_way_->pid, SIGKILL);
  end(fail("files could not be opened or read within " +
           std::to_string(under_way_->limit.count() / 1'000) +
           " s (boot_timeout): is a disk or a network file system at a standstill?"),
      now);
}

/// A killed child that does not wait for a disk is gone long before there are many.
void Errands::end(Result<ErrandFinds> finds, MonotonicTime stuck_from) {
  // The next step may also send an errand.
  UnderWay ended = std::move(*under_way_);
  under_way_.reset();
  if (ended.pid > 0) leaving_.push_back({ended.pid, stuck_from});
  ended.errand.done(std::move(finds));
}

bool Errands::are_many_stuck(MonotonicTime now) const {
  return std::count_if(leaving_.begin(), leaving_.end(), [now](const Leaving& child) {
           return now >= child.stuck_from;
         }) >= kStuckMax;
}

void Errands::give_up(MonotonicTime now) {
  if (!under_way_) return;
  send_signal(under_way_->pid, SIGKILL);
  end(fail("the server is stopping"), now);
}

bool Errands::runs(pid_t pid) const {
  return (under_way_ && under_way_->pid == pid) ||
         std::any_of(leaving_.begin(), leaving_.end(),
                     [pid](const Leaving& child) { return child.pid == pid; });
}

bool Errands::on_exit(const ExitReport& report) {
  // The next turn reads what it has said, or finds that it has said nothing.
  if (under_way_ && under_way_->pid == report.pid) {
    under_way_->pid = 0;
    return true;
  }
  return std::erase_if(leaving_, [&](const Leaving& child) { return child.pid == report.pid; }) !=
         0;
}

std::optional<pollfd> Errands::awaited() const {
  if (!under_way_) return std::nullopt;
  return pollfd{.fd = under_way_->socket.get(), .events = POLLIN, .revents = 0};
}

std::optional<MonotonicTime> Errands::deadline() const {
  if (!under_way_) return std::nullopt;
  return under_way_->deadline;
}

}  // namespace alicorn
