// The Date header's value. The worker's sweep refreshes it; ResponseWriter asks for it. Worker, I/O
// thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace alicorn {

class HttpDate {
 public:
  /// IMF-fixdate (RFC 9110 section 5.6.7) of a calendar time in seconds; does nothing when the
  /// second is the same.
  void refresh(std::int64_t unix_seconds);
  std::string_view text() const { return {text_, 29}; }

 private:
  std::int64_t second_ = -1;
  char text_[30]{};
};

}  // namespace alicorn
