// Facts that an app notes about its request, for the logs. The caller holds the call's lock.
// Worker.
#pragma once

#include "alicorn/app.h"
#include "workers/app/try_allocating.hpp"
#include "workers/http/abi_string.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace alicorn {

class CallAnnotations {
 public:
  using List = std::vector<std::pair<std::string, std::string>>;

  /// As app.h specifies annotate(). On ALICORN_ERROR_... nothing is noted.
  std::int32_t add(alicorn_string name, alicorn_string value) {
    constexpr std::size_t kNumberMax = 32;
    constexpr std::size_t kSizeMax = 1024;
    if (name.size == 0 || name.data == nullptr) return ALICORN_ERROR_INVALID;
    if (value.size != 0 && value.data == nullptr) return ALICORN_ERROR_INVALID;
    // Each size is checked first, because the sum of two sizes may wrap.
    const bool is_long =
        name.size > kSizeMax || value.size > kSizeMax || name.size + value.size > kSizeMax;
    if (count_ == kNumberMax || is_long) return ALICORN_ERROR_LIMIT;
    const bool has_room = try_allocating([&] {
      if (count_ == list_.size()) list_.emplace_back();
      list_[count_].first.assign(name.data, name.size);
      list_[count_].second.assign(value.size == 0 ? "" : value.data, value.size);
    });
    if (!has_room) return ALICORN_ERROR_MEMORY;
    ++count_;
    return ALICORN_OK;
  }
  /// For reading after the lock is released. Valid until the next call.
  const List& copy() {
    copy_.assign(list_.begin(), list_.begin() + static_cast<std::ptrdiff_t>(count_));
    return copy_;
  }
  /// The strings keep their memory for the next request.
  void reset() { count_ = 0; }
  void release_memory() { list_ = copy_ = List(); }

 private:
  List list_, copy_;
  std::size_t count_ = 0;  ///< how many entries of the list belong to this request
};

}  // namespace alicorn
