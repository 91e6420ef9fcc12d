// The fields that the server adds to each response: Date, and Server if the setting server_header
// is not empty. Station owns them, and the worker's sweep (or `alicorn replay`) refreshes the date;
// ResponseWriter asks for them. Worker, I/O thread.
#pragma once

#include "workers/http/date.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace alicorn {

class OwnFields {
 public:
  explicit OwnFields(std::string_view server);

  /// Does nothing if the second is unchanged.
  void refresh(std::int64_t unix_seconds);
  /// Whole lines, without the empty one behind them. An app may have set either field itself.
  std::string_view lines(bool with_date, bool with_server) const {
    const std::string_view both = lines_;
    if (with_date) return with_server ? both : both.substr(0, kDateLine);
    return with_server ? both.substr(kDateLine) : std::string_view();
  }

 private:
  static constexpr std::size_t kName = 6;               // "Date: "
  static constexpr std::size_t kDateLine = kName + 31;  // with its CRLF

  HttpDate date_;
  std::string lines_;
};

}  // namespace alicorn
