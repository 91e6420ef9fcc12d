// The received bytes of one connection, in a block that grows. The block moves to a call that
// outlives its connection, and returns to the worker's pool while the connection is idle. Worker,
// I/O thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace alicorn {

/// Blocks of one size, kept for the next connection that needs one.
class BlockPool {
 public:
  /// 16 KiB, which many clients and proxies send at once, and a head before them: one read, and no
  /// copy.
  static constexpr std::size_t kBlockSize = 20 * 1024;
  static constexpr std::size_t kKeptMax = 256;

  std::unique_ptr<char[]> take() {
    if (blocks_.empty()) return std::unique_ptr<char[]>(new char[kBlockSize]);
    auto block = std::move(blocks_.back());
    blocks_.pop_back();
    return block;
  }
  void give_back(std::unique_ptr<char[]> block) {
    if (blocks_.size() < kKeptMax) blocks_.push_back(std::move(block));
  }
  void release_memory() { blocks_.clear(); }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
};

class InputBuffer {
 public:
  InputBuffer() = default;
  explicit InputBuffer(BlockPool& pool) : pool_(&pool) {}
  InputBuffer(InputBuffer&& other) noexcept { *this = std::move(other); }
  InputBuffer& operator=(InputBuffer&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(block_, other.block_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    return *this;
  }
  ~InputBuffer() { release(); }

  char* data() { return block_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  bool has_block() const { return block_ != nullptr; }
  /// Where to put the next bytes; has room for at least `wanted`. May move the data.
  char* space(std::size_t wanted) {
    if (block_ == nullptr) {
      block_ = pool_->take();
      capacity_ = BlockPool::kBlockSize;
    }
    if (begin_ == end_) begin_ = end_ = 0;
    if (capacity_ - end_ < wanted) make_room(wanted);
    return block_.get() + end_;
  }
  char* tail() { return block_.get() + end_; }
  std::size_t room() const { return capacity_ - end_; }
  void added(std::size_t count) { end_ += count; }
  void consume(std::size_t count) {
    // Keep the positions even if the buffer is empty now: views into it may be in use.
    begin_ += count;
  }
  /// Returns the block to the pool. Only if empty(), or if the bytes are no longer needed.
  void release() {
    if (block_ == nullptr) return;
    if (capacity_ == BlockPool::kBlockSize) pool_->give_back(std::move(block_));
    block_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  void make_room(std::size_t wanted) {
    if (capacity_ - size() >= wanted && begin_ > 0) {
      std::memmove(block_.get(), data(), size());
    } else {
      std::size_t capacity = capacity_ * 2;
      while (capacity - size() < wanted) capacity *= 2;
      std::unique_ptr<char[]> block(new char[capacity]);
      std::memcpy(block.get(), data(), size());
      if (capacity_ == BlockPool::kBlockSize) pool_->give_back(std::move(block_));
      block_ = std::move(block);
      capacity_ = capacity;
    }
    end_ -= begin_;
    begin_ = 0;
  }

  BlockPool* pool_ = nullptr;
  std::unique_ptr<char[]> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace alicorn
