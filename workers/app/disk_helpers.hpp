// A few threads that wait for disks in the place of the one that leads: a read of a file may take
// seconds (a network file system, a throttled volume, a cold cache), and nobody but who asked for
// it is to notice. Worker.
#pragma once

#include "base/unique_fd.hpp"
#include "workers/loop/executor.hpp"

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

   protected:
    explicit Job(dev_t device = 0) : device_(device) {}
    ~Job() override = default;
    /// Not while it waits or runs.
    void set_device(dev_t device) { device_ = device; }

   private:
    friend class DiskHelpers;
    void on_delivered() noexcept final { on_done(); }
    dev_t device_;  ///< the file system's that it may have to wait for; 0: of none in particular
    Job* next_job_ = nullptr;
  };

  static constexpr std::uint32_t kThreadsMax = 16;
  /// One file system that stands still does not take the threads of all others.
  static constexpr std::uint32_t kThreadsPerDevice = kThreadsMax / 2;

  explicit DiskHelpers(AppExecutor& executor);
  /// Leaves threads that wait for a disk behind.
  ~DiskHelpers();
  DiskHelpers(const DiskHelpers&) = delete;
  DiskHelpers& operator=(const DiskHelpers&) = delete;

  /// I/O thread. Jobs of one device begin in the order of these calls. False: there is no thread,
  /// nor can one be had.
  bool submit(Job& job);
  /// True: no thread had begun with it, and none will; it is not told.
  bool withdraw(Job& job);
  /// Something short that nobody waits for.
  void run(void (*function)() noexcept);
  /// Even a close may wait: for the disk to say that all is written.
  void close(UniqueFd fd, dev_t device);

 private:
  class Desk;

  std::shared_ptr<Desk> desk_;  ///< shared with the threads, which may outlive this
};

}  // namespace alicorn
