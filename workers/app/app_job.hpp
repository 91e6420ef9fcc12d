// One due callback of the app, and the queue of those of one kind, in the order in which they came.
// The caller holds the call's lock.
#pragma once

#include "alicorn/app.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace alicorn {

struct AppJob {
  enum class Kind { kNothing, kRequest, kResume, kEvent, kAfterResponse };

  Kind kind = Kind::kNothing;
  alicorn_resume_function function = nullptr;
  void (*after)(void* context) = nullptr;
  void* context = nullptr;
  std::int32_t event = 0;
  bool with_request = true;
};

class AppJobQueue {
 public:
  bool empty() const { return next_ == jobs_.size(); }
  void push(const AppJob& job) { jobs_.push_back(job); }
  AppJob take() {
    const AppJob job = jobs_[next_++];
    // Removes half of them at a time: removing one by one would move all the waiting jobs each
    // time.
    if (next_ * 2 >= jobs_.size()) {
      jobs_.erase(jobs_.begin(), jobs_.begin() + static_cast<std::ptrdiff_t>(next_));
      next_ = 0;
    }
    return job;
  }
  void clear() {
    jobs_.clear();
    next_ = 0;
  }

 private:
  std::vector<AppJob> jobs_;
  std::size_t next_ = 0;  ///< index; the jobs before it are taken
};

}  // namespace alicorn
