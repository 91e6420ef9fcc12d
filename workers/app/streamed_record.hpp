// The beginning of a body that the app takes piece by piece, kept so that a crash can be replayed.
// Worker. The I/O thread writes; a signal handler may read at any time, so nothing ever moves.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace alicorn {

class StreamedRecord {
 public:
  /// Keeps at most `size_max` bytes; the first call decides. Without memory nothing is kept. Once a
  /// piece did not fit into `room`, nothing more is kept: a hole would make a different body of it.
  void append(std::string_view bytes, std::uint64_t size_max, std::uint64_t room) noexcept {
    const bool is_first = total() == 0;
    total_.store(total() + bytes.size(), std::memory_order_relaxed);
    if (bytes.empty()) return;
    if (is_first && size_max != 0 && room != 0) {
      // Pages that are never written to cost nothing.
      bytes_.reset(new (std::nothrow) char[size_max]);
      capacity_ = bytes_ != nullptr ? size_max : 0;
    }
    const std::size_t before = size_.load(std::memory_order_relaxed);
    if (room < bytes.size()) capacity_ = std::min<std::size_t>(capacity_, before + room);
    const std::size_t size = std::min<std::size_t>(bytes.size(), capacity_ - before);
    if (size == 0) return;
    std::memcpy(bytes_.get() + before, bytes.data(), size);
    size_.store(before + size, std::memory_order_release);
  }
  void clear() noexcept {
    size_.store(0, std::memory_order_relaxed);
    total_.store(0, std::memory_order_relaxed);
    capacity_ = 0;
    bytes_.reset();
  }
  std::string_view bytes() const noexcept {
    return {bytes_.get(), size_.load(std::memory_order_acquire)};
  }
  std::uint64_t total() const noexcept { return total_.load(std::memory_order_relaxed); }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::atomic<std::size_t> size_{0};
  std::atomic<std::uint64_t> total_{0};
};

}  // namespace alicorn
