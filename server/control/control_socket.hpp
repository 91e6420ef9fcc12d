// The clients of the control socket: few, each with one request line and one answer, none of whom
// can hold up the master, whatever they do. Master.
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
  std::uint64_t client;  ///< whom to answer, at any later time
  pid_t pid;             ///< who asks
  uid_t uid;
  std::string line;
};

class ControlSocket {
 public:
  static constexpr std::size_t kClientsMax = 32;
  /// Of those that wait for the end of what they asked for: the others must still find room.
  static constexpr std::size_t kWaitersMax = kClientsMax / 2;
  static constexpr std::size_t kRequestMax = 4096;
  /// For the whole of a request, and of an answer.
  static constexpr milliseconds kRequestTime{5'000}, kAnswerTime{10'000};
  /// Where there is no room, the client leaves for a new one that has been longest about its
  /// request, or about reading its answer, if that is so long. Honest ones need a moment.
  static constexpr milliseconds kTurnTime{200};
  /// What a client that waits gets now and then, before its answer: JSON begins with blanks.
  static constexpr char kSignOfLife = ' ';
  static constexpr milliseconds kBetweenSigns{3'000};

  /// From now on; clients stay. The one before is closed.
  void listen(ControlListener listener);
  const ControlListener& listener() const { return listener_; }

  /// What to wait for until serve() has something to do. Level-triggered.
  std::vector<pollfd> awaited(MonotonicTime now) const;
  /// Or until this time.
  std::optional<MonotonicTime> next_deadline(MonotonicTime now) const;
  /// What no child may keep: a connection would not end before the child does.
  std::vector<int> descriptors() const;

  /// Takes, reads, writes and gives up whatever can be without waiting. Each request is to be
  /// answered; its client waits until it is.
  std::vector<ControlRequest> serve(MonotonicTime now);
  /// Nothing if the client is gone.
  void answer(std::uint64_t client, const std::string& text, MonotonicTime now);
  /// False: it is gone.
  bool waits(std::uint64_t client) const;

 private:
  enum class State { kReading, kWaiting, kWriting, kDone };
  struct Client {
    std::uint64_t number;
    UniqueFd fd;
    State state;
    std::string bytes;         ///< of the request, then of the answer
    std::size_t sent;          ///< of the answer
    MonotonicTime deadline;    ///< while it waits: of the next sign of life
    MonotonicTime turn_began;  ///< when it came, then when its answer began
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
  MonotonicTime accept_from_{};  ///< no descriptor was left: trying at once would be a busy loop
};

}  // namespace alicorn
