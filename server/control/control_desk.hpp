// What the arbiter keeps for those who ask through the control socket: who waits for what, and how
// the last reload went. Master.
#pragma once

#include "server/control/control_socket.hpp"
#include "server/control/status_report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

class ControlDesk {
 public:
  ControlSocket& socket() { return socket_; }
  const ControlSocket& socket() const { return socket_; }

  /// The listener that the configuration of a reload wants: opened beside the present one, if it is
  /// another, until that generation serves. "": none. An error changes nothing.
  Result<void> expect(const std::string& path, pid_t predecessor);
  void take_expected();
  void drop_expected();
  /// All that is open here: none of it is for the children.
  std::vector<int> descriptors() const;

  /// The one before, if it is not over, is superseded. `notes` are for who waits for this one.
  void note_reload(std::uint32_t generation, MonotonicTime now,
                   std::vector<std::string> notes = {});
  void note_refused_reload(const std::string& reason);
  /// After some of these in a row who waits is told, though the tries go on: one worker of the new
  /// generation serves, but that does not mean that another one ever will.
  void note_boot_failure(std::uint32_t generation, const std::string& reason, MonotonicTime now);
  void note_end_of_reload(std::string_view result, const std::string& reason, MonotonicTime now);
  const std::optional<ReloadStatus>& reload() const { return reload_; }
  const std::optional<ReloadStatus>& last_reload() const { return last_reload_; }

  /// Of those that wait as many as leave room for others.
  bool may_wait();
  void wait_for_reload(std::uint64_t client) { reload_waiters_.push_back(client); }
  void wait_for_stop(std::uint64_t client) { stop_waiters_.push_back(client); }
  /// Nobody can connect any more, and who waits for the end is told.
  void close(MonotonicTime now);

 private:
  ControlSocket socket_;
  std::optional<ControlListener> expected_;
  std::optional<ReloadStatus> reload_;  ///< under way
  MonotonicTime reload_began_;
  std::vector<std::string> reload_notes_;
  std::uint32_t boot_failures_ = 0;          ///< since then
  std::optional<ReloadStatus> last_reload_;  ///< over
  std::vector<std::uint64_t> reload_waiters_, stop_waiters_;
};

}  // namespace alicorn
