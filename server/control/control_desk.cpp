#include "server/control/control_desk.hpp"

#include "server/control/answer.hpp"

#include <chrono>
#include <utility>

namespace alicorn {
namespace {

ReloadStatus status_of(std::uint32_t generation, std::string_view result, std::string reason = {}) {
  return {.generation = generation,
          .result = result,
          .reason = std::move(reason),
          .at_us = wall_clock_us()};
}

}  // namespace

Result<void> ControlDesk::expect(const std::string& path, pid_t predecessor) {
  const auto is_fine = [&](const ControlListener& listener) {
    return listener.path() == path && (path.empty() || listener.is_in_place());
  };
  if (expected_ && is_fine(*expected_)) return {};
  ControlListener listener;
  const bool is_there = is_fine(socket_.listener());
  if (!is_there && !path.empty()) {
    auto opened = ControlListener::open(path, predecessor);
    if (!opened) return fail("control_socket: " + opened.error().text());
    listener = std::move(*opened);
  }
  drop_expected();
  if (!is_there) expected_ = std::move(listener);
  return {};
}

void ControlDesk::drop_expected() {
  if (expected_) expected_->close();
  expected_.reset();
}

void ControlDesk::take_expected() {
  if (!expected_) return;
  socket_.listen(std::move(*expected_));
  expected_.reset();
}

std::vector<int> ControlDesk::descriptors() const {
  std::vector<int> fds = socket_.descriptors();
  if (expected_ && expected_->fd() >= 0) fds.push_back(expected_->fd());
  return fds;
}

void ControlDesk::note_reload(std::uint32_t generation, MonotonicTime now,
                              std::vector<std::string> notes) {
  note_end_of_reload("superseded", "another reload took its place", now);
  reload_ = status_of(generation, "under way");
  reload_began_ = now;
  reload_notes_ = std::move(notes);
  boot_failures_ = 0;
}

void ControlDesk::note_refused_reload(const std::string& reason) {
  last_reload_ = status_of(0, "refused", reason);
}

void ControlDesk::note_boot_failure(std::uint32_t generation, const std::string& reason,
                                    MonotonicTime now) {
  constexpr std::uint32_t kPatience = 3;
  if (!reload_ || reload_->generation != generation || ++boot_failures_ < kPatience) return;
  note_end_of_reload("incomplete", reason + "; old workers keep serving, and starts are retried",
                     now);
}

void ControlDesk::note_end_of_reload(std::string_view result, const std::string& reason,
                                     MonotonicTime now) {
  if (!reload_) return;
  const std::uint32_t generation = std::exchange(reload_, std::nullopt)->generation;
  last_reload_ = status_of(generation, result, reason);
  const auto took = std::chrono::duration_cast<milliseconds>(now - reload_began_);
  const std::string answer =
      reason.empty() ? done({{"generation", generation}, {"took_ms", took.count()}}, reload_notes_)
                     : refusal("the reload was " + std::string(result) + ": " + reason);
  for (const std::uint64_t client : std::exchange(reload_waiters_, {})) {
    socket_.answer(client, answer, now);
  }
}

bool ControlDesk::may_wait() {
  const auto is_gone = [this](std::uint64_t client) { return !socket_.waits(client); };
  std::erase_if(reload_waiters_, is_gone);
  std::erase_if(stop_waiters_, is_gone);
  return reload_waiters_.size() + stop_waiters_.size() < ControlSocket::kWaitersMax;
}

void ControlDesk::close(MonotonicTime now) {
  drop_expected();
  socket_.listen({});
  for (const std::uint64_t client : std::exchange(stop_waiters_, {})) {
    socket_.answer(client, done(), now);
  }
}

}  // namespace alicorn
