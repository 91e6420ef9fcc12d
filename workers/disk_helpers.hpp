// A few threads that wait for disks in the place of the one that leads: a read of a file may take
// seconds (a network file system, a throttled volume, a cold cache), and nobody but who asked for
// it is to notice. Worker.
#pragma once

#include "base/unique_fd.hpp"
#include "workers/app_executor.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

namespace alicorn {

class DiskHelpers {
 public:
  /// Something that may have to wait for a disk. The node must live until on_delivered().
  class Job : private Delivery {
   public:
    /// On a helper.
    virtual void run() noexcept = 0;
    /// On the I/O thread, when run() has returned.
    virtual void on_done() noexcept = 0;

   private:
    friend class DiskHelpers;
    void on_delivered() noexcept final { on_done(); }
    Job* next_job_ = nullptr;
  };

  /// As many disks as stand still at once keep so many files; the next ones wait.
  static constexpr std::uint32_t kThreadsMax = 16;

  explicit DiskHelpers(AppExecutor& executor);
  /// Leaves threads that wait for a disk behind.
  ~DiskHelpers();
  DiskHelpers(const DiskHelpers&) = delete;
  DiskHelpers& operator=(const DiskHelpers&) = delete;

  /// I/O thread. Jobs begin in the order of these calls. False: there is no thread, nor can one be
  /// had.
  bool submit(Job& job);
  /// Something short that nobody waits for.
  void run(void (*function)() noexcept);
  /// Even a close may wait: for the disk to say that all is written.
  void close(UniqueFd fd);

 private:
  class Desk;

  std::shared_ptr<Desk> desk_;  ///< shared with the threads, which may outlive this
};

}  // namespace alicorn
