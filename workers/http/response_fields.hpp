// What an app may put into a header or trailer field. Plain functions. Worker, any app thread.
#pragma once

#include "alicorn/app.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace alicorn {

/// Views into the app's field.
struct ResponseField {
  std::string_view name;   ///< a token
  std::string_view value;  ///< without the blanks around it, which a recipient would drop
};

/// False with `why`, a sentence for the log: an empty or non-token name, a control character other
/// than the tab in the value, a null pointer with a size, a size that
/// nothing has.
bool check_response_field(const alicorn_field& field, ResponseField& checked,
                          std::string_view& why);

/// No object is larger; a size that is more is a mistake of the app's, and would wrap in a sum.
inline constexpr std::size_t kSizeMax = PTRDIFF_MAX;
constexpr bool is_impossible(std::size_t size) {
  return size > kSizeMax;
}

enum class FieldKind { kOrdinary, kHopByHop, kContentLength, kDate, kServer };

/// Of a token, in any case of letters. Hop-by-hop are those that only the server writes.
FieldKind kind_of_field(std::string_view name);

/// Fields that a recipient acts on before the body, or that say where it ends (RFC 9110,
/// section 6.5.1), and the hop-by-hop ones.
bool is_forbidden_response_trailer(std::string_view name);

}  // namespace alicorn
