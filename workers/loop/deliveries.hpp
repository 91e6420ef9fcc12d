// Messages from any thread to the I/O thread. Worker.
#pragma once

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace alicorn {

/// A message to the I/O thread. Queued at most once at a time. The node must live until
/// on_delivered().
class Delivery {
 public:
  virtual ~Delivery() = default;
  virtual void on_delivered() noexcept = 0;  ///< on the I/O thread

 private:
  friend class Deliveries;
  Delivery* next_delivery_ = nullptr;
};

/// A list and an eventfd. The list is in the order in which the messages were sent.
class Deliveries {
 public:
  /// Makes the eventfd.
  Result<void> open();
  int fd() const { return fd_.get(); }  ///< readable when drain() is due

  void send(Delivery& delivery) ALICORN_EXCLUDES(mutex_);  ///< any thread
  void drain() ALICORN_EXCLUDES(mutex_);                   ///< I/O thread

 private:
  UniqueFd fd_;
  Mutex mutex_;
  Delivery* first_ ALICORN_GUARDED_BY(mutex_) = nullptr;
  Delivery* last_ ALICORN_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace alicorn
