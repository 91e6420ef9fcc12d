// Memory for one pending Asio operation, so that starting the operation allocates nothing. Asio's
// own cache is dropped by every run_one(). Worker, I/O thread.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace alicorn {

class HandlerMemory {
 public:
  void* allocate(std::size_t size) {
    if (in_use_ || size > memory_.size()) return ::operator new(size);
    in_use_ = true;
    return memory_.data();
  }
  void deallocate(void* pointer) noexcept {
    if (pointer == memory_.data()) {
      in_use_ = false;
    } else {
      ::operator delete(pointer);
    }
  }

 private:
  alignas(std::max_align_t) std::array<std::byte, 256> memory_;
  bool in_use_ = false;
};

template <class T>
class HandlerAllocator {
 public:
  using value_type = T;
  explicit HandlerAllocator(HandlerMemory& memory) : memory_(&memory) {}
  template <class U>
  // Allocators convert freely. NOLINTNEXTLINE(google-explicit-constructor)
  HandlerAllocator(const HandlerAllocator<U>& other) noexcept : memory_(other.memory_) {}
  T* allocate(std::size_t count) { return static_cast<T*>(memory_->allocate(sizeof(T) * count)); }
  void deallocate(T* pointer, std::size_t) noexcept { memory_->deallocate(pointer); }
  bool operator==(const HandlerAllocator& other) const { return memory_ == other.memory_; }

  HandlerMemory* memory_;  // public only for the rebinding constructor
};

/// A completion handler that places its operation in `memory`.
template <class Function>
class InPlaceHandler {
 public:
  using allocator_type = HandlerAllocator<void>;
  InPlaceHandler(HandlerMemory& memory, Function function)
      : memory_(&memory), function_(std::move(function)) {}
  template <class... Arguments>
  void operator()(Arguments&&... arguments) {
    function_(std::forward<Arguments>(arguments)...);
  }
  HandlerAllocator<void> get_allocator() const noexcept { return HandlerAllocator<void>(*memory_); }

 private:
  HandlerMemory* memory_;
  Function function_;
};

template <class Function>
InPlaceHandler<Function> in_place(HandlerMemory& memory, Function function) {
  return InPlaceHandler<Function>(memory, std::move(function));
}

}  // namespace alicorn
