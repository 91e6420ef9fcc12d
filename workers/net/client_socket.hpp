// One client's socket on the I/O loop. At most one read and one wait for room are pending at a
// time. Neither ends within the call that begins it. Worker, I/O thread.
#pragma once

#include "base/unique_fd.hpp"
#include "workers/loop/event_loop.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sys/uio.h>

namespace alicorn {

/// Notified when an operation of the socket has ended.
class SocketOwner {
 public:
  virtual void on_socket_event() noexcept = 0;
  /// Called when there may be something to read: where to put it, and at most how much, but not 0.
  virtual iovec read_space() noexcept = 0;
  /// There was nothing: the space is not used.
  virtual void on_nothing_read() noexcept = 0;

 protected:
  ~SocketOwner() = default;
};

/// Bytes have arrived that nobody has read.
bool has_unread_bytes(int fd);

class ClientSocket final : private EventLoop::Source {
  enum class InLoop {
    kNotYet,
    kForInput,
    kForBoth,  ///< also for room: most clients always have some
    kRefused,  ///< nothing can be waited for
  };

 public:
  ClientSocket(EventLoop& loop, SocketOwner& owner) : loop_(loop), owner_(owner) {}
  ~ClientSocket() override { loop_.forget(*this); }

  void open(int fd);  ///< takes over the connected, non-blocking descriptor
  /// The same for a client that another worker has read from: most probably there is nothing more.
  void open_read(int fd) {
    open(fd);
    is_readable_ = false;
  }
  void close();  ///< pending operations end, and their owner is not notified
  /// A descriptor and its place in the loop.
  struct Seat {
    UniqueFd fd;
    InLoop in_loop = InLoop::kNotYet;
  };
  /// True while it waits for bytes, and for nothing else.
  bool may_hand_over() const {
    const bool has_joined = in_loop_ == InLoop::kForInput || in_loop_ == InLoop::kForBoth;
    return is_reading_ && !is_readable_ && has_joined && !waiting_to_write_ && !has_turn_due();
  }
  /// Closes this socket, but leaves the descriptor open; its events go to the heir.
  Seat hand_over_to(EventLoop::Source& heir);
  /// Opens this socket with what another one has handed over to `from`. `events`: have come since.
  void take_over(Seat seat, EventLoop::Source& from, std::uint32_t events);
  /// Closes this socket, but leaves the descriptor open, to which nothing of the loop clings.
  UniqueFd release();
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  /// Reads once there is something. Only then is the owner asked for memory.
  void start_read();
  /// False: a read would wait.
  bool may_be_readable() const { return is_readable_; }
  /// Reads what has already arrived, without waiting. 0: nothing. Not allowed while a read is
  /// pending.
  std::size_t read_now(char* data, std::size_t size);
  bool reading() const { return is_reading_; }
  /// A read has ended, and take_read() was not called since.
  bool has_read() const { return read_end_ != ReadEnd::kNone; }
  /// The result of the last read: the number of bytes, and how it ended.
  enum class ReadEnd { kNone, kData, kEof, kError };
  ReadEnd take_read(std::size_t& count);

  /// Sends as much as the kernel takes now. Returns >= 0 bytes, -1 if the kernel takes nothing now,
  /// -2 if the connection is dead.
  std::int64_t send(const iovec* vectors, int count);
  /// True if nobody can read what is sent any more.
  bool hung_up();
  /// Number of unread bytes of a client that will send no more; nullopt if it may send more.
  std::optional<std::size_t> last_bytes();
  bool has_unread();  ///< bytes have arrived that no read has taken
  /// What was sent but has not reached the client. For TCP these are the unacknowledged bytes, for
  /// a unix socket the memory that unread bytes occupy.
  std::size_t unsent();
  void start_wait_writable();
  /// Nobody needs the room any more.
  void stop_wait_writable() { waiting_to_write_ = false; }
  /// Whether much is being sent. Then the owner is notified after all others that have news.
  void set_bulk(bool is_bulk) { is_bulk_ = is_bulk; }
  bool is_bulk() const { return is_bulk_; }
  /// Notifies the owner when it is its turn.
  void notify_owner() {
    is_notice_due_ = true;
    queue_turn();
  }
  /// Somebody else's write to the descriptor, perhaps on another thread, was refused. False: it is
  /// impossible to wait for room.
  bool note_full();
  bool waiting_to_write() const { return waiting_to_write_; }
  void shutdown_write();
  void shut_down();  ///< both directions: the client need not wait for the close
  /// The same, if another process may still hold a copy of the descriptor. A reset is left to
  /// whoever closes the last copy, because it must not look like a regular end.
  void shut_down_copies() {
    if (!ends_by_reset_) shut_down();
  }
  void end_by_reset(bool is_cut);  ///< for any later close, including the end of this process

 private:
  void on_events(std::uint32_t events) noexcept override;
  void queue_turn() { is_bulk_ ? loop_.yield(*this) : loop_.queue(*this); }
  void note_events(std::uint32_t events);
  void join(InLoop wanted);
  bool perform_read();
  bool end_read(ReadEnd end, std::size_t count);

  EventLoop& loop_;
  SocketOwner& owner_;
  UniqueFd fd_;
  std::size_t read_count_ = 0;
  ReadEnd read_end_ = ReadEnd::kNone;
  bool is_reading_ = false, waiting_to_write_ = false;
  bool is_bulk_ = false, is_notice_due_ = false;
  // What is known of the descriptor. Before it joins the loop, which happens when something has to
  // be waited for, both are assumed to be possible: they are tried.
  InLoop in_loop_ = InLoop::kNotYet;
  bool is_readable_ = false, is_writable_ = false;
  bool ends_by_reset_ = false;
  bool has_hung_up_ = false;  ///< no further event will report an end that is still unread
};

}  // namespace alicorn
