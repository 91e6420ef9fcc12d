// One client's socket on the I/O loop. At most one read and one wait for room are pending at a
// time; flags show which. Worker, I/O thread.
#pragma once

#include "workers/loop/handler_memory.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sys/uio.h>

namespace alicorn {

/// Notified when an operation of the socket has ended.
class SocketOwner {
 public:
  virtual void on_socket_event() noexcept = 0;

 protected:
  ~SocketOwner() = default;
};

class ClientSocket {
 public:
  ClientSocket(boost::asio::io_context& io, SocketOwner& owner);

  void open(int family, int fd);  ///< takes over the connected, non-blocking descriptor
  void close();                   ///< pending operations end and are notified
  bool is_open() const { return socket_.is_open(); }
  int fd() { return socket_.native_handle(); }
  /// True if no operation is pending: the object may be destroyed.
  bool quiet() const { return !reading_ && !waiting_to_write_; }

  /// Reads into [data, data + size). The memory must stay valid until reading() is false again.
  void start_read(char* data, std::size_t size);
  /// Reads what has already arrived, without waiting. 0: nothing. Not allowed while a read is
  /// pending.
  std::size_t read_now(char* data, std::size_t size);
  /// Waits, without a buffer, until there is something to read.
  void start_wait_readable();
  void cancel_read() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
  bool reading() const { return reading_; }
  /// The result of the last read: the number of bytes (0 for a wait), and how it ended.
  enum class ReadEnd { kNone, kData, kEof, kError, kCancelled };
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
  bool waiting_to_write() const { return waiting_to_write_; }
  void shutdown_write();
  void shut_down();                ///< both directions: the client need not wait for the close
  void end_by_reset(bool is_cut);  ///< for any later close, including the end of this process

 private:
  std::optional<std::size_t> unread_bytes();
  void read_ended(const boost::system::error_code& error, std::size_t count);

  boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                   boost::asio::io_context::executor_type>
      socket_;
  SocketOwner& owner_;
  HandlerMemory read_memory_, write_memory_;
  bool reading_ = false, waiting_to_write_ = false;
  ReadEnd read_end_ = ReadEnd::kNone;
  std::size_t read_count_ = 0;
};

}  // namespace alicorn
