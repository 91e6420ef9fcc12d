// The clients of the control socket: a few, each with one request line and one answer. Whatever
// they do, none of them can hold up the master. Master.
#pragma once

#include "base/clock.hpp"
#include "server/control/control_listener.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/types.h>

namespace alicorn {

struct ControlRequest {
  std::uint64_t client;  ///< for answer(), at any later time
  pid_t pid;             ///< of the client
  uid_t uid;
  std::string line;
};

class ControlSocket {
 public:
  static constexpr std::size_t kClientsMax = 32;
  /// Limit for clients that wait for a reload or a stop: other clients must still find room.
  static constexpr std::size_t kWaitersMax = kClientsMax / 2;
  static constexpr std::size_t kRequestMax = 4096;
  /// Limits for reading a whole request and for sending a whole answer.
  static constexpr milliseconds kRequestTime{5'000}, kAnswerTime{10'000};
  /// When there is no room, a new client replaces the one that has taken longest to send its
  /// request or to read its answer, provided that it has taken this long. Honest clients need only
  /// a moment.
  static constexpr milliseconds kTurnTime{200};
  /// Sent now and then to a waiting client, before its answer. JSON may begin with blanks.
  static constexpr char kSignOfLife = ' ';
  static constexpr milliseconds kBetweenSigns{3'000};

  /// Replaces the listener and closes the old one. Clients stay connected.
  void listen(ControlListener listener);
  const ControlListener& listener() const { return listener_; }

  /// The descriptors to poll until serve() has something to do. Level-triggered.
  std::vector<pollfd> awaited(MonotonicTime now) const;
  /// serve() also has something to do at this time.
  std::optional<MonotonicTime> next_deadline(MonotonicTime now) const;
  /// Descriptors that no child may keep: a connection would stay open as long as the child lives.
  std::vector<int> descriptors() const;

  /// Accepts, reads, writes and drops clients, as far as that is possible without waiting. The
  /// caller must answer each request; its client waits until then.
  std::vector<ControlRequest> serve(MonotonicTime now);
  /// Does nothing if the client is gone.
  void answer(std::uint64_t client, const std::string& text, MonotonicTime now);
  /// False if the client is gone.
  bool waits(std::uint64_t client) const;

 private:
  enum class State { kReading, kWaiting, kWriting, kDone };
  struct Client {
    std::uint64_t number;
    UniqueFd fd;
    State state;
    std::string bytes;         ///< the request, then the answer
    std::size_t sent;          ///< bytes of the answer
    MonotonicTime deadline;    ///< in kWaiting: time of the next sign of life
    MonotonicTime turn_began;  ///< when it connected, then when its answer began
    pid_t pid;
    uid_t uid;
  };

  void attend(Client& client, MonotonicTime now, std::vector<ControlRequest>& requests);
  void accept_all(MonotonicTime now, std::vector<ControlRequest>& requests);
  bool accept_one(MonotonicTime now);
  bool has_newcomer() const;
  const Client* slowest() const;
  bool can_make_room(MonotonicTime now) const;
  void make_room(MonotonicTime now);
  static void show_life(Client& client, MonotonicTime now);
  std::optional<ControlRequest> read(Client& client, MonotonicTime now);
  static void start_answer(Client& client, const std::string& text, MonotonicTime now);
  static void write(Client& client);
  static short events_of(const Client& client);

  ControlListener listener_;
  std::vector<Client> clients_;
  std::uint64_t last_number_ = 0;
  MonotonicTime accept_from_{};  ///< a pause after running out of descriptors: no busy loop
};

}  // namespace alicorn
