#include "server/arbiter/spawn/zygote.hpp"

#include <algorithm>
#include <utility>

#include <signal.h>
#include <sys/socket.h>

namespace alicorn {
namespace {

/// Orders that the zygote has not answered: few enough to fit a socket's buffer, so that no send
/// fails.
constexpr std::size_t kOrdersMax = 16;

}  // namespace

void Zygote::ask_for(std::uint32_t slot, UniqueFd board, MonotonicTime now) {
  awaited_.insert_or_assign(slot, Awaited{.board = std::move(board)});
  send_orders(now);
}

void Zygote::send_orders(MonotonicTime now) {
  if (!is_ready() || is_mute()) return;
  auto ordered = static_cast<std::size_t>(std::count_if(
      awaited_.begin(), awaited_.end(), [](const auto& entry) { return entry.second.is_ordered; }));
  for (auto& [slot, awaited] : awaited_) {
    if (awaited.is_ordered) continue;
    if (ordered == kOrdersMax) return;
    const auto order = ZygoteMessage::make(ZygoteMessage::Kind::kSpawn, slot);
    if (!send_message(fd(), order, MSG_DONTWAIT, awaited.board.get())) return;
    awaited.board.reset();
    awaited.is_ordered = true;
    if (ordered++ == 0) answered_ = now;
  }
}

bool Zygote::take_back(std::uint32_t slot, int signal) {
  const auto found = awaited_.find(slot);
  if (found == awaited_.end()) return false;
  if (found->second.is_ordered) {
    found->second.signal = signal;
    return false;
  }
  awaited_.erase(found);
  return true;
}

std::optional<WorkerForked> Zygote::take_announced(pid_t pid) {
  const auto found = std::find_if(awaited_.begin(), awaited_.end(),
                                  [&](const auto& entry) { return entry.second.announced == pid; });
  if (found == awaited_.end()) return std::nullopt;
  const WorkerForked worker{found->first, pid, found->second.signal};
  awaited_.erase(found);
  return worker;
}

std::vector<std::uint32_t> Zygote::awaited() const {
  std::vector<std::uint32_t> slots;
  for (const auto& [slot, awaited] : awaited_) slots.push_back(slot);
  return slots;
}

std::vector<int> Zygote::descriptors() const {
  std::vector<int> descriptors;
  if (!is_mute()) descriptors.push_back(fd());
  for (const auto& [slot, awaited] : awaited_) {
    if (awaited.board) descriptors.push_back(awaited.board.get());
  }
  return descriptors;
}

/// Workers that are being forked may have the old file: they reopen it themselves.
void Zygote::reopen_logs(int error_log, int access_log) {
  using Kind = ZygoteMessage::Kind;
  if (is_mute()) return;
  for (const auto& [kind, file] :
       {std::pair(Kind::kErrorLog, error_log), std::pair(Kind::kAccessLog, access_log)}) {
    if (file < 0) continue;
    static_cast<void>(send_message(fd(), ZygoteMessage::make(kind), MSG_DONTWAIT, file));
  }
  for (auto& [slot, awaited] : awaited_) {
    if (awaited.is_ordered && awaited.signal == 0) awaited.signal = SIGUSR1;
  }
}

std::vector<ZygoteEvent> Zygote::hear(MonotonicTime now, std::size_t messages_max) {
  std::vector<ZygoteEvent> events;
  ZygoteMessage message;
  pid_t sender = 0;
  for (; messages_max > 0 && !is_mute(); --messages_max) {
    switch (receive_message(fd(), message, sender, MSG_DONTWAIT)) {
      case Hearing::kNothing:
        return events;
      case Hearing::kEnd:
        hang_up();
        return events;
      case Hearing::kDescriptors:
        fall_silent("it sends open files, as no zygote does");
        return events;
      case Hearing::kMessage:
        if (auto event = understand(message, sender, now)) events.push_back(std::move(*event));
        send_orders(now);
    }
  }
  return events;
}

std::optional<ZygoteEvent> Zygote::understand(const ZygoteMessage& message, pid_t sender,
                                              MonotonicTime now) {
  using Kind = ZygoteMessage::Kind;
  if (message.kind == Kind::kReady && stage_ == Stage::kLoading) {
    stage_ = Stage::kReady;
    return std::nullopt;
  }
  if (message.kind == Kind::kGaveUp && stage_ != Stage::kGaveUp) {
    stage_ = Stage::kGaveUp;
    last_words_ = message.text().empty() ? "it gives no reason" : message.text();
    return std::nullopt;
  }
  const auto found = awaited_.find(message.slot);
  if (found == awaited_.end() || !found->second.is_ordered) {
    note_nonsense();
    return std::nullopt;
  }
  Awaited& awaited = found->second;
  if (message.kind == Kind::kNotSpawned) {
    answered_ = now;
    awaited_.erase(found);
    return WorkerNotForked{message.slot, message.text()};
  }
  if (message.kind == Kind::kSpawned && awaited.announced == 0 && sender > 0) {
    answered_ = awaited.since = now;
    awaited.announced = sender;
  } else if (message.kind == Kind::kAdopted && awaited.announced == sender && sender > 0) {
    return take_announced(sender);
  } else {
    note_nonsense();
  }
  return std::nullopt;
}

void Zygote::note_nonsense() {
  if (++nonsense_ == kNonsenseMax) fall_silent("it sends messages that no zygote sends");
}

std::vector<ZygoteEvent> Zygote::give_up_late(MonotonicTime now) {
  std::vector<ZygoteEvent> events;
  for (auto entry = awaited_.begin(); entry != awaited_.end();) {
    const Awaited& awaited = entry->second;
    if (awaited.announced == 0 || now < awaited.since + kAdoptionTime) {
      ++entry;
      continue;
    }
    events.emplace_back(WorkerNotForked{
        entry->first, "process " + std::to_string(awaited.announced) +
                          " says that it is this worker, and is no child of the master's"});
    entry = awaited_.erase(entry);
  }
  if (owes_answer() && now >= answered_ + kForkTime) fall_silent("it does not answer orders");
  return events;
}

std::optional<MonotonicTime> Zygote::next_deadline() const {
  std::optional<MonotonicTime> next;
  if (killed_at_) next = *killed_at_ + kTimeAfterKill;
  if (owes_answer()) next = std::min(next.value_or(MonotonicTime::max()), answered_ + kForkTime);
  for (const auto& [slot, awaited] : awaited_) {
    if (awaited.announced == 0) continue;
    const MonotonicTime deadline = awaited.since + kAdoptionTime;
    next = std::min(next.value_or(deadline), deadline);
  }
  return next;
}

bool Zygote::owes_answer() const {
  return !is_mute() && std::any_of(awaited_.begin(), awaited_.end(), [](const auto& entry) {
    return entry.second.is_ordered && entry.second.announced == 0;
  });
}

/// The zygote sees the end of file at once, even if the close is delayed.
void Zygote::hang_up() {
  if (!is_mute()) ::shutdown(fd(), SHUT_RDWR);
  socket_.reset();
}

void Zygote::fall_silent(std::string_view reason) {
  if (last_words_.empty()) last_words_ = reason;
  hang_up();
}

void Zygote::stop_listening() {
  if (!is_mute()) ::shutdown(fd(), SHUT_RD);
}

void Zygote::dismiss() {
  is_dismissed_ = true;
  hang_up();
}

void Zygote::note_kill(MonotonicTime now) {
  if (!killed_at_) killed_at_ = now;
}

bool Zygote::is_stuck(MonotonicTime now) const {
  return killed_at_ && now >= *killed_at_ + kTimeAfterKill;
}

Zygote* Zygotes::of(std::uint32_t generation) {
  const auto found = std::find_if(zygotes_.begin(), zygotes_.end(), [&](const Zygote& zygote) {
    return zygote.generation() == generation && !zygote.is_mute();
  });
  return found == zygotes_.end() ? nullptr : &*found;
}

Zygote* Zygotes::awaiting(std::uint32_t slot) {
  const auto found = std::find_if(zygotes_.begin(), zygotes_.end(),
                                  [&](const Zygote& zygote) { return zygote.awaits(slot); });
  return found == zygotes_.end() ? nullptr : &*found;
}

Zygote* Zygotes::with_pid(pid_t pid) {
  const auto found = std::find_if(zygotes_.begin(), zygotes_.end(),
                                  [&](const Zygote& zygote) { return zygote.pid() == pid; });
  return found == zygotes_.end() ? nullptr : &*found;
}

pid_t Zygotes::stuck(MonotonicTime now) const {
  const auto found = std::find_if(zygotes_.begin(), zygotes_.end(),
                                  [&](const Zygote& zygote) { return zygote.is_stuck(now); });
  return found == zygotes_.end() ? 0 : found->pid();
}

void Zygotes::remove(const Zygote& zygote) {
  zygotes_.remove_if([&](const Zygote& other) { return &other == &zygote; });
}

std::vector<pollfd> Zygotes::watched() const {
  std::vector<pollfd> watched;
  for (const Zygote& zygote : zygotes_) {
    if (!zygote.is_mute()) watched.push_back({.fd = zygote.fd(), .events = POLLIN, .revents = 0});
  }
  return watched;
}

std::optional<MonotonicTime> Zygotes::next_deadline() const {
  std::optional<MonotonicTime> next;
  for (const Zygote& zygote : zygotes_) {
    const auto one = zygote.next_deadline();
    if (one) next = std::min(next.value_or(*one), *one);
  }
  return next;
}

}  // namespace alicorn
