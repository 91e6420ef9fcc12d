// A regular file as the rest of a response. The leading thread never reads it where that could wait
// for a disk. A small file whose pages are in memory is copied behind the head; everything else is
// sent to the client's socket by a helper, piece by piece. Worker, I/O thread.
#pragma once

#include "base/unique_fd.hpp"
#include "workers/app/disk_helpers.hpp"
#include "workers/net/client_socket.hpp"

#include <cstdint>
#include <string>

namespace alicorn {

struct FilePart {
  UniqueFd fd;
  std::int64_t offset = 0;
  std::int64_t remaining = 0;
  dev_t device = 0;  ///< of its file system
};

class FileBody final : private DiskHelpers::Job {
 public:
  /// Up to this size a file that is in memory is copied: a single system call sends head and body.
  static constexpr std::int64_t kCopiedMax = 64 * 1024;

  /// `owner` is notified when a helper has done its piece.
  FileBody(ClientSocket& socket, SocketOwner& owner, DiskHelpers& helpers, bool use_sendfile)
      : socket_(socket), owner_(owner), helpers_(helpers), use_sendfile_(use_sendfile) {}
  FileBody(const FileBody&) = delete;
  FileBody& operator=(const FileBody&) = delete;
  ~FileBody() override = default;

  /// Takes ownership of the file. What is appended to `out` need not be sent by send().
  void start(FilePart part, std::string& out);
  bool empty() const { return part_.remaining == 0; }
  /// A helper is writing to the socket: nobody else may write to it or close it.
  bool is_being_sent() const { return step_ == Step::kRunning; }
  std::uint64_t running_since_us() const { return running_since_us_; }  ///< 0: not running

  enum class Progress {
    kSent,     ///< call again, unless that was all
    kBlocked,  ///< the client takes no more for now
    kRunning,  ///< a helper is sending
    kClientGone,
    kFileFailed,  ///< truncated while we send it, or it cannot be read
  };
  /// `sent`: bytes since the last call. Must not be called when empty().
  Progress send(std::uint64_t& sent);
  /// Takes back a piece that no helper has begun to send.
  void withdraw();
  /// Drops the file. Not while it is being sent.
  void drop();

 private:
  enum class Step { kIdle, kRunning, kDone };
  enum class Outcome { kSent, kBlocked, kClientGone, kFileFailed };

  bool copy_what_is_in_memory(std::string& out);
  void run() noexcept override;
  void on_done() noexcept override;
  Outcome send_some(std::int64_t count);
  Outcome copy_some(std::int64_t count);

  ClientSocket& socket_;
  SocketOwner& owner_;
  DiskHelpers& helpers_;
  const bool use_sendfile_;
  FilePart part_;
  Step step_ = Step::kIdle;
  std::uint64_t running_since_us_ = 0;
  // Owned by the helper while it runs.
  int target_ = -1;
  std::int64_t sent_ = 0;
  Outcome outcome_ = Outcome::kSent;
};

}  // namespace alicorn
