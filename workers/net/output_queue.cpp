#include "workers/net/output_queue.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
void OutputQueue::make_room(std::size_t bytes, std::size_t pieces) {
  if (copied_.capacity() - copied_.size() < bytes) copied_.reserve(copied_.size() + bytes);
  const std::size_t wanted = segments_.size() + pieces + 1;  // what was copied before the first
  // A vector that is reserved piece by piece would be moved each time.
  if (segments_.capacity() < wanted) segments_.reserve(std::max(wanted, 2 * segments_.capacity()));
}

void OutputQueue::append_copy(std::string_view bytes) {
  copied_.append(bytes);
  copied();
}

void OutputQueue::copied() {
  const std::size_t added = copied_.size() - recorded_;
  if (added == 0) return;
  if (!is_plain()) {
    if (Segment& last = segments_.back(); last.data == nullptr) {
      last.size += added;
    } else {
      segments_.push_back({nullptr, recorded_, added, nullptr, nullptr});
    }
  }
  recorded_ += added;
  size_ += added;
}

void OutputQueue::append_buffer(const alicorn_buffer& buffer) {
  const auto* data = static_cast<const char*>(buffer.data);
  if (buffer.release == nullptr) {
    if (buffer.size != 0) append_copy({data, buffer.size});
    return;
  }
  if (buffer.size == 0) {
    buffer.release(buffer.context);
    return;
  }
  if (is_plain() && !empty()) {
    segments_.push_back({nullptr, sent_, size_, nullptr, nullptr});
    sent_ = 0;
  }
  segments_.push_back({data, 0, buffer.size, buffer.release, buffer.context});
  size_ += buffer.size;
}

int OutputQueue::gather(iovec* vectors, int capacity) const {
  if (empty() || capacity == 0) return 0;
  if (is_plain()) {
    vectors->iov_base = const_cast<char*>(copied_.data() + sent_);  // NOLINT: only read
    vectors->iov_len = size_;
    return 1;
  }
  int count = 0;
  std::size_t skip = sent_;
  for (auto segment = segments_.begin() + static_cast<std::ptrdiff_t>(first_);
       segment != segments_.end() && count < capacity; ++segment, ++count) {
    // iovec has no const member. The bytes are only read.
    vectors[count].iov_base = const_cast<char*>(bytes_of(*segment) + skip);  // NOLINT
    vectors[count].iov_len = segment->size - skip;
    skip = 0;
  }
  return count;
}

void OutputQueue::consume(std::size_t count) {
  size_ -= count;
  if (size_ == 0) {
    clear();
    return;
  }
  if (is_plain()) {
    sent_ += count;
    return;
  }
  while (count > 0) {
    Segment& segment = segments_[first_];
    const std::size_t taken = std::min(count, segment.size - sent_);
    sent_ += taken;
    count -= taken;
    if (sent_ < segment.size) return;
    if (segment.release != nullptr) segment.release(segment.context);
    sent_ = 0;
    ++first_;
  }
}

void OutputQueue::drop_all() {
  if (!is_plain()) {
    for (auto segment = segments_.begin() + static_cast<std::ptrdiff_t>(first_);
         segment != segments_.end(); ++segment) {
      if (segment->release != nullptr) segment->release(segment->context);
    }
    segments_.clear();
  }
  copied_.clear();
  recorded_ = first_ = sent_ = size_ = 0;
}

void OutputQueue::release_memory() {
  if (!empty()) return;
  free_memory(copied_);
  free_memory(segments_);
}

void OutputQueue::swap(OutputQueue& other) noexcept {
  std::swap(copied_, other.copied_);
  std::swap(recorded_, other.recorded_);
  std::swap(segments_, other.segments_);
  std::swap(first_, other.first_);
  std::swap(sent_, other.sent_);
  std::swap(size_, other.size_);
}

}  // namespace alicorn
