// The Date header's value, for OwnFields. Worker, I/O thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace alicorn {

class HttpDate {
 public:
  /// Formats a calendar time in seconds as an IMF-fixdate (RFC 9110 section 5.6.7). Does nothing if
  /// the second is unchanged.
  void refresh(std::int64_t unix_seconds);
  std::string_view text() const { return {text_, 29}; }

 private:
  std::int64_t second_ = -1;
  char text_[30]{};
};

}  // namespace alicorn
