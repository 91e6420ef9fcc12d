// How much memory the bodies of a worker's requests may take together. Who wants more than there is
// waits, and TCP holds its client back; one at a time may always go on, so that there always is an
// end to wait for. Worker, I/O thread.
#pragma once

#include "workers/app_executor.hpp"

#include <cstddef>
#include <cstdint>

namespace alicorn {

class BodyBudget final : private Delivery {
 public:
  /// One body's part of it.
  class Share {
   public:
    Share() = default;
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    virtual ~Share() = default;
    virtual void on_room() noexcept = 0;  ///< it may_grow() now, or soon: to be asked again

   private:
    friend class BodyBudget;
    std::uint64_t size_ = 0;
    bool waits_ = false;
    Share* previous_ = nullptr;
    Share* next_ = nullptr;
  };
  /// A body does not wait before it is larger: small requests are served whatever large ones do.
  static constexpr std::uint64_t kSmallBody = 64 * 1024;

  /// `limit`: bytes; 0: none.
  explicit BodyBudget(std::uint64_t limit) : limit_(limit) {}
  /// Tells of room through it, never from inside another call.
  void set_executor(AppExecutor& executor) { executor_ = &executor; }

  /// False: not now, on_room() will tell.
  bool may_grow(Share& share);
  void set_size(Share& share, std::uint64_t size);
  /// Its memory is free again, or it wants no more.
  void release(Share& share);
  std::uint64_t total() const { return total_; }

 private:
  void on_delivered() noexcept override;
  void enqueue(Share& share);
  void remove(Share& share);
  void complain();

  const std::uint64_t limit_;
  AppExecutor* executor_ = nullptr;
  std::uint64_t total_ = 0;
  Share* exempt_ = nullptr;  ///< may grow beyond the limit, until it is released
  Share* first_ = nullptr;   ///< of those that wait, the longest first
  Share* last_ = nullptr;
  std::size_t waiting_ = 0;
  bool is_told_ = false;
  std::uint64_t complained_us_ = 0;
};

}  // namespace alicorn
