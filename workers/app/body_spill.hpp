// The file in which a large request body lies until the app has done with the request, so that
// uploads take no memory. Without a name, on the disk of body_dir. Helpers write to it, because a
// disk may be slow; the app sees it as memory. Worker, I/O thread.
#pragma once

#include "base/unique_fd.hpp"
#include "workers/app/disk_helpers.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace alicorn {

class BodySpill {
 public:
  enum class State {
    kNone,     ///< nothing is in a file
    kWriting,  ///< on_written() follows
    kWritten,
    kRefused,  ///< there can be no file: the body stays in memory
    kFailed,   ///< part of the body is lost
  };
  struct Place {
    const std::string& folder;
    dev_t device;  ///< of the folder
  };
  /// Told on the I/O thread that the state has changed from kWriting.
  class Owner {
   public:
    virtual void on_written() noexcept = 0;

   protected:
    Owner() = default;
    Owner(const Owner&) = default;
    Owner& operator=(const Owner&) = default;
    ~Owner() = default;
  };

  explicit BodySpill(Owner& owner) : owner_(owner) {}
  ~BodySpill() { reset(); }
  BodySpill(const BodySpill&) = delete;
  BodySpill& operator=(const BodySpill&) = delete;

  State state() const { return state_; }
  /// Appends the bytes to the file, which the first of them make. They are gone from `bytes` then,
  /// and back again if the state is kRefused afterwards. `place` must outlive this.
  void write(DiskHelpers& helpers, const Place& place, std::string& bytes);
  std::uint64_t size() const { return size_; }  ///< of what is in the file, or on its way there
  /// All of it, when all has been written; the memory stays until reset(). Empty: there is no room
  /// in the address space.
  std::string_view map();
  /// For kRefused and kFailed: "No space left on device".
  std::string why() const;
  /// Is the disk full?
  bool is_short_of_space() const;
  bool is_short_of_memory() const;
  void reset() {
    if (state_ != State::kNone) end();
  }

 private:
  struct Job;
  void on_done(Job& job);
  void take_back(Job& job);
  void end();

  Owner& owner_;
  State state_ = State::kNone;
  std::shared_ptr<UniqueFd> file_;  ///< shared with the job that writes
  std::string* source_ = nullptr;   ///< where the bytes come from that are being written
  Job* job_ = nullptr;
  std::uint64_t size_ = 0;
  void* mapping_ = nullptr;
  int error_ = 0;
  DiskHelpers* helpers_ = nullptr;
  dev_t device_ = 0;
};

}  // namespace alicorn
