// What the arbiter remembers for clients of the control socket: which client waits for what, and
// how the last reload went. Master.
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

  /// Opens the listener that the configuration of a reload asks for. If its path is a new one, both
  /// listeners stay open until the new generation serves. "": none. An error changes nothing.
  Result<void> expect(const std::string& path, pid_t predecessor);
  void take_expected();
  void drop_expected();
  /// Every descriptor that is open here. Children must not inherit any of them.
  std::vector<int> descriptors() const;

  /// A reload that is still under way is superseded. Clients that wait for the new one get `notes`.
  void note_reload(std::uint32_t generation, MonotonicTime now,
                   std::vector<std::string> notes = {});
  void note_refused_reload(const std::string& reason);
  /// After several failures the waiting clients get an answer, although the master keeps trying:
  /// one worker of the new generation serves, but that does not mean that the next one ever will.
  void note_boot_failure(std::uint32_t generation, const std::string& reason, MonotonicTime now);
  void note_end_of_reload(std::string_view result, const std::string& reason, MonotonicTime now);
  const std::optional<ReloadStatus>& reload() const { return reload_; }
  const std::optional<ReloadStatus>& last_reload() const { return last_reload_; }

  /// Whether one more client may wait. The number is limited, to leave room for other clients.
  bool may_wait();
  void wait_for_reload(std::uint64_t client) { reload_waiters_.push_back(client); }
  void wait_for_stop(std::uint64_t client) { stop_waiters_.push_back(client); }
  /// Closes the listener and answers the clients that wait for the stop.
  void close(MonotonicTime now);

 private:
  ControlSocket socket_;
  std::optional<ControlListener> expected_;
  std::optional<ReloadStatus> reload_;  ///< under way
  MonotonicTime reload_began_;
  std::vector<std::string> reload_notes_;
  std::uint32_t boot_failures_ = 0;          ///< since reload_began_
  std::optional<ReloadStatus> last_reload_;  ///< over
  std::vector<std::uint64_t> reload_waiters_, stop_waiters_;
};

}  // namespace alicorn
