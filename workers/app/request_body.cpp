#include "workers/app/request_body.hpp"

#include "base/free_memory.hpp"
#include "workers/app/try_allocating.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

/// How much buffer memory is kept between two requests.
constexpr std::size_t kKeptCapacity = 64 * 1024;

void shrink(std::string& text) {
  text.clear();
  if (text.capacity() > kKeptCapacity) text.shrink_to_fit();
}

}  // namespace

void RequestBody::make_room(std::int64_t content_length, std::size_t grown) {
  constexpr std::int64_t kReservedMax = 16 << 20;
  const std::int64_t length = std::min(content_length, kReservedMax);
  if (bytes_.size() < grown || length <= static_cast<std::int64_t>(bytes_.capacity())) return;
  try_allocating([&] { bytes_.reserve(static_cast<std::size_t>(length)); });
}

void RequestBody::end(const std::vector<alicorn_field>& trailers) {
  for (const alicorn_field& field : trailers) {
    trailer_text_.append(field.name.data, field.name.size)
        .append(field.value.data, field.value.size);
  }
  std::size_t offset = 0;
  for (alicorn_field field : trailers) {
    field.name.data = trailer_text_.data() + offset;
    field.value.data = field.name.data + field.name.size;
    offset += field.name.size + field.value.size;
    trailers_.push_back(field);
  }
  arrival_ = Arrival::kWhole;
}

RequestBody::Next RequestBody::next_whole() {
  using Kind = Next::Kind;
  const std::string_view body = whole();
  if (std::exchange(is_given_, true) || body.empty()) return {.kind = Kind::kEnd};
  return {.kind = Kind::kPiece, .piece = {body.data(), body.size()}};
}

RequestBody::Next RequestBody::next() {
  using Kind = Next::Kind;
  if (taking_ == Taking::kWhole || !placed_.empty()) return next_whole();
  if (!bytes_.empty()) {
    current_.clear();
    std::swap(bytes_, current_);
    return {.kind = Kind::kPiece,
            .piece = {current_.data(), current_.size()},
            .made_room = std::exchange(is_stalled_, false)};
  }
  switch (arrival_) {
    case Arrival::kAwaited:
      return {.kind = Kind::kNotYet};
    case Arrival::kAborted:
      return {.kind = Kind::kAborted};
    case Arrival::kWhole:
      break;
  }
  return {.kind = Kind::kEnd};
}

void RequestBody::reset() {
  is_wanted_.store(false, std::memory_order_relaxed);
  is_given_ = false;  // an app may ask for a body that does not exist
  if (!exists_) return;
  placed_ = {};
  shrink(bytes_);
  shrink(current_);
  trailer_text_.clear();
  trailers_.clear();
  arrival_ = Arrival::kWhole;
  is_stalled_ = exists_ = false;
  if (record_.total() != 0) record_.clear();
}

void RequestBody::release_memory() {
  for (std::string* text : {&bytes_, &current_, &trailer_text_}) free_memory(*text);
}

}  // namespace alicorn
