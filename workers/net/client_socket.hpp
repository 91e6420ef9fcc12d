// One client's socket on the I/O loop: at most one read and one wait for room at a time, told by
// flags. Worker, I/O thread.
#pragma once

#include "workers/loop/handler_memory.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sys/uio.h>

namespace alicorn {

/// Told when an operation of the socket has ended.
class SocketOwner {
 public:
  virtual void on_socket_event() noexcept = 0;

 protected:
  ~SocketOwner() = default;
};

class ClientSocket {
 public:
  ClientSocket(boost::asio::io_context& io, SocketOwner& owner);

  void open(int family, int fd);  ///< takes the connected, non-blocking descriptor over
  void close();                   ///< pending operations end, and are told
  bool is_open() const { return socket_.is_open(); }
  int fd() { return socket_.native_handle(); }
  /// No operation is pending: the object may go.
  bool quiet() const { return !reading_ && !waiting_to_write_; }

  /// Reads into [data, data + size); the memory must stay until reading() is false again.
  void start_read(char* data, std::size_t size);
  /// What is there already, without waiting; 0: nothing. Not while a read is pending.
  std::size_t read_now(char* data, std::size_t size);
  /// Waits until there is something to read, without a buffer.
  void start_wait_readable();
  void cancel_read() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
  bool reading() const { return reading_; }
  /// What the last read gave: bytes (0 when it was a wait), and its end or error.
  enum class ReadEnd { kNone, kData, kEof, kError, kCancelled };
  ReadEnd take_read(std::size_t& count);

  /// Sends as much as the kernel takes now: >= 0 bytes, -1 when it takes none now, -2 when the
  /// connection is dead.
  std::int64_t send(const iovec* vectors, int count);
  /// Nobody can read what is sent any more.
  bool hung_up();
  /// How many bytes are there, of a client that will send no more; nullopt: it may.
  std::optional<std::size_t> last_bytes();
  bool has_unread();  ///< bytes that no read has taken yet
  /// What was sent and has not reached the client yet: of TCP the unacknowledged bytes, of a unix
  /// socket the memory that the unread ones take.
  std::size_t unsent();
  void start_wait_writable();
  bool waiting_to_write() const { return waiting_to_write_; }
  void shutdown_write();
  void shut_down();  ///< both directions: the client is rid of it before it may be closed
  void end_by_reset(bool is_cut);  ///< whatever closes it, also the end of this process

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
