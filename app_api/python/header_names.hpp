// The names under which PEP 3333 gives header fields to an application. Python bridge.
#pragma once

#include "app_api/python/python.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace alicorn::python {

/// "user-agent" -> "HTTP_USER_AGENT". Keeps the strings, because to make them anew takes as long as
/// the rest of the environ. A client can make up names, so only so many are kept.
class HeaderNames {
 public:
  /// Empty, with an exception set: there is no memory.
  Ref find(std::string_view lower_case_name);
  void clear() { names_.clear(); }

 private:
  static constexpr std::size_t kNamesMax = 512;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  std::unordered_map<std::string, Ref, Hash, std::equal_to<>> names_;
};

}  // namespace alicorn::python
