// Response bytes on their way to the client, in order; either copied or lent by the app. App
// threads fill the queue under the call's mutex, the I/O thread sends. Worker.
#pragma once

#include "alicorn/app.h"
#include "base/free_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/uio.h>

namespace alicorn {

/// Buffers that will not be sent. Their release functions are app code and run when this object is
/// destroyed. That must happen after the lock is released, so declare this object before the lock.
class DroppedBuffers {
 public:
  DroppedBuffers() = default;
  DroppedBuffers(const DroppedBuffers&) = delete;
  DroppedBuffers& operator=(const DroppedBuffers&) = delete;
  ~DroppedBuffers() {
    for (const alicorn_buffer& buffer : buffers_) buffer.release(buffer.context);
    for (std::uint32_t i = 0; i < all_count_; ++i) {
      if (all_[i].release != nullptr) all_[i].release(all_[i].context);
    }
  }
  /// Adds all buffers of a call. They stay in the app's memory and need none of ours.
  void add_all(const alicorn_buffer* buffers, std::uint32_t count) {
    all_ = buffers;
    all_count_ = buffers == nullptr ? 0 : count;
  }
  /// May throw. The other functions do not.
  void make_room(std::size_t count) { buffers_.reserve(count); }
  void add(const alicorn_buffer& buffer) {
    if (buffer.release != nullptr) buffers_.push_back(buffer);
  }

 private:
  std::vector<alicorn_buffer> buffers_;
  const alicorn_buffer* all_ = nullptr;
  std::uint32_t all_count_ = 0;
};

class OutputQueue {
 public:
  OutputQueue() = default;
  OutputQueue(const OutputQueue&) = delete;
  OutputQueue& operator=(const OutputQueue&) = delete;
  ~OutputQueue() { clear(); }

  /// After this call, `bytes` copied bytes and `pieces` pieces can be appended without allocating.
  void make_room(std::size_t bytes, std::size_t pieces);
  void append_copy(std::string_view bytes);
  /// The string that holds copied bytes, for serialisers that append. Call copied() when they are
  /// done.
  std::string& copy_target() { return copied_; }
  void copied();
  /// Call this instead of copied() to discard what was appended to copy_target().
  void not_copied() { copied_.resize(recorded_); }
  /// Takes the buffer over. Its release function runs when the bytes have been sent or dropped.
  /// Without a release function the bytes are copied.
  void append_buffer(const alicorn_buffer& buffer);

  std::size_t size() const { return size_; }  ///< bytes not yet sent
  bool empty() const { return size_ == 0; }
  /// Fills up to `capacity` entries with the next bytes to send. Returns the number of entries.
  int gather(iovec* vectors, int capacity) const;
  /// The first `count` bytes have been sent.
  void consume(std::size_t count);
  /// Drops everything and runs the release functions. Keeps the memory.
  void clear() {
    if (!copied_.empty() || !is_plain()) drop_all();
  }
  /// To be called between two responses: one that was large must not burden a connection for ever.
  void trim() {
    if (copied_.capacity() > kKeptCapacity && empty()) free_memory(copied_);
  }
  /// Frees the memory if the queue is empty.
  void release_memory();
  void swap(OutputQueue& other) noexcept;

 private:
  static constexpr std::size_t kKeptCapacity = 68 * 1024;

  void drop_all();
  struct Segment {
    const char* data;  ///< null if copied, at `offset` of copied_
    std::size_t offset;
    std::size_t size;
    void (*release)(void* context);
    void* context;
  };
  /// Nothing is lent: all bytes are copied_ from sent_ to recorded_, and there are no segments.
  bool is_plain() const { return segments_.empty(); }
  const char* bytes_of(const Segment& segment) const {
    return segment.data != nullptr ? segment.data : copied_.data() + segment.offset;
  }

  std::string copied_;
  std::size_t recorded_ = 0;  ///< bytes of copied_ that are in the queue
  std::vector<Segment> segments_;
  std::size_t first_ = 0;  ///< segment being sent
  std::size_t sent_ = 0;   ///< bytes sent of that segment, or of copied_
  std::size_t size_ = 0;
};

}  // namespace alicorn
