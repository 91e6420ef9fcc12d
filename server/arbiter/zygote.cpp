#include "server/arbiter/zygote.hpp"

#include <algorithm>
#include <utility>

#include <signal.h>
#include <sys/socket.h>

namespace alicorn {
namespace {

/// Orders that the zygote has not answered: few enough for a socket's buffer, so that none fails.
constexpr std::size_t kOrdersMax = 16;

}  // namespace

void Zygote::ask_for(std::uint32_t slot) {
  awaited_.insert_or_assign(slot, Awaited{});
  send_orders();
}

void Zygote::send_orders() {
  if (!is_ready_ || is_mute()) return;
  auto ordered = static_cast<std::size_t>(std::count_if(
      awaited_.begin(), awaited_.end(), [](const auto& entry) { return entry.second.is_ordered; }));
  for (auto& [slot, awaited] : awaited_) {
    if (awaited.is_ordered) continue;
    if (ordered == kOrdersMax) return;
    const auto order = ZygoteMessage::make(ZygoteMessage::Kind::kSpawn, slot);
    if (!send_message(fd(), order, MSG_DONTWAIT)) return;
    awaited.is_ordered = true;
    ++ordered;
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

std::vector<std::uint32_t> Zygote::awaited() const {
  std::vector<std::uint32_t> slots;
  for (const auto& [slot, awaited] : awaited_) slots.push_back(slot);
  return slots;
}

/// Workers that are being forked may have the old file: they open it anew themselves.
void Zygote::reopen_logs() {
  if (is_mute()) return;
  const auto order = ZygoteMessage::make(ZygoteMessage::Kind::kReopenLogs);
  static_cast<void>(send_message(fd(), order, MSG_DONTWAIT));
  for (auto& [slot, awaited] : awaited_) {
    if (awaited.is_ordered && awaited.signal == 0) awaited.signal = SIGUSR1;
  }
}

std::optional<ZygoteEvent> Zygote::hear() {
  ZygoteMessage message;
  pid_t sender = 0;
  while (!is_mute()) {
    switch (receive_message(fd(), message, sender, MSG_DONTWAIT)) {
      case Hearing::kNothing:
        return std::nullopt;
      case Hearing::kEnd:
        socket_.reset();
        return std::nullopt;
      case Hearing::kMessage:
        if (auto event = understand(message, sender)) return event;
    }
  }
  return std::nullopt;
}

std::optional<ZygoteEvent> Zygote::understand(const ZygoteMessage& message, pid_t sender) {
  using Kind = ZygoteMessage::Kind;
  std::optional<ZygoteEvent> event;
  if (message.kind == Kind::kReady) is_ready_ = true;
  if (message.kind == Kind::kGaveUp) last_words_ = message.text();
  const auto found = awaited_.find(message.slot);
  const bool is_awaited = found != awaited_.end() && found->second.is_ordered;
  if (message.kind == Kind::kSpawned && is_awaited && sender > 0) {
    event = WorkerForked{message.slot, sender, found->second.signal};
    awaited_.erase(found);
  } else if (message.kind == Kind::kNotSpawned && is_awaited) {
    event = WorkerNotForked{message.slot, message.text()};
    awaited_.erase(found);
  }
  send_orders();
  return event;
}

void Zygote::stop_listening() {
  if (!is_mute()) ::shutdown(fd(), SHUT_RD);
}

void Zygote::dismiss() {
  is_dismissed_ = true;
  socket_.reset();
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

}  // namespace alicorn
