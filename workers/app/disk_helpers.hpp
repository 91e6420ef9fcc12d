// A few threads that wait for disks instead of the leading thread. A read of a file may take
// seconds (a network file system, a throttled volume, a cold cache), and only the request that
// asked for it should notice. Worker.
#pragma once

#include "base/unique_fd.hpp"
#include "workers/loop/executor.hpp"

#include <cstdint>
#include <memory>

namespace alicorn {

class DiskHelpers {
 public:
  /// A job that may have to wait for a disk. The node must live until on_delivered().
  class Job : private Delivery {
   public:
    /// Runs on a helper.
    virtual void run() noexcept = 0;
    /// Runs on the I/O thread after run() has returned.
    virtual void on_done() noexcept = 0;

   protected:
    explicit Job(dev_t device = 0) : device_(device) {}
    ~Job() override = default;
    /// Not while the job waits or runs.
    void set_device(dev_t device) { device_ = device; }

   private:
    friend class DiskHelpers;
    void on_delivered() noexcept final { on_done(); }
    dev_t device_;  ///< of the file system it may have to wait for; 0: none in particular
    Job* next_job_ = nullptr;
  };

  static constexpr std::uint32_t kThreadsMax = 16;
  /// A cap for each file system, so that one that hangs does not take all threads.
  static constexpr std::uint32_t kThreadsPerDevice = kThreadsMax / 2;

  explicit DiskHelpers(AppExecutor& executor);
  /// Leaves behind any threads that wait for a disk.
  ~DiskHelpers();
  DiskHelpers(const DiskHelpers&) = delete;
  DiskHelpers& operator=(const DiskHelpers&) = delete;

  /// I/O thread. Jobs of one device begin in the order of these calls. False: there is no thread,
  /// and none can be started.
  bool submit(Job& job);
  /// True: no thread had begun the job, and none will; on_delivered() is not called.
  bool withdraw(Job& job);
  /// Runs something short whose result nobody waits for.
  void run(void (*function)() noexcept);
  /// Even a close may wait: for the disk to confirm that everything is written.
  void close(UniqueFd fd, dev_t device);

 private:
  class Desk;

  std::shared_ptr<Desk> desk_;  ///< shared with the threads, which may outlive this
};

}  // namespace alicorn
