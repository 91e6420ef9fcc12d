// Response bytes on their way to the client, copied or lent by the app, in order. Filled on app
// threads under the call's mutex, sent by the I/O thread. Worker.
#pragma once

#include "alicorn/app.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/uio.h>

namespace alicorn {

/// Buffers that will not be sent. Their releases are the app's code, so they run when this goes,
/// which must be after the lock: declare it first.
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
  /// All that a call was given, in the app's memory: that needs none of ours.
  void add_all(const alicorn_buffer* buffers, std::uint32_t count) {
    all_ = buffers;
    all_count_ = buffers == nullptr ? 0 : count;
  }
  /// Throws, unlike what it is for.
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

  /// After it, so many bytes that are copied and so many pieces can be appended without memory.
  void make_room(std::size_t bytes, std::size_t pieces);
  void append_copy(std::string_view bytes);
  /// The string that copied bytes are kept in, for serialisers that append. Call copied() when they
  /// are done.
  std::string& copy_target() { return copied_; }
  void copied();
  /// Instead of copied(): what has been appended to copy_target() is not to be sent.
  void not_copied() { copied_.resize(recorded_); }
  /// Takes the buffer over: its release runs when the bytes are sent, or dropped. Without a release
  /// it is copied.
  void append_buffer(const alicorn_buffer& buffer);

  std::size_t size() const { return size_; }  ///< bytes not yet sent
  bool empty() const { return size_ == 0; }
  /// Fills up to `capacity` entries with what is to be sent next; returns how many.
  int gather(iovec* vectors, int capacity) const;
  /// The first `count` bytes have been sent.
  void consume(std::size_t count);
  /// Drops everything, running what releases are due. Keeps memory.
  void clear();
  /// Keeps none, if it is empty.
  void release_memory();
  void swap(OutputQueue& other) noexcept;

 private:
  struct Segment {
    const char* data;  ///< null: copied, at `offset` of copied_
    std::size_t offset;
    std::size_t size;
    void (*release)(void* context);
    void* context;
  };
  const char* bytes_of(const Segment& segment) const {
    return segment.data != nullptr ? segment.data : copied_.data() + segment.offset;
  }

  std::string copied_;
  std::size_t recorded_ = 0;  ///< of copied_, how much is in segments
  std::vector<Segment> segments_;
  std::size_t first_ = 0;  ///< segment that is sent now
  std::size_t sent_ = 0;   ///< of the first segment
  std::size_t size_ = 0;
};

}  // namespace alicorn
