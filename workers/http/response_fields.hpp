// What an app may put into a header or trailer field, with a sentence for the log if it may not.
// Plain functions. Worker, any app thread.
#pragma once

#include "alicorn/app.h"
#include "alicorn/detail/rules.hpp"

#include <string_view>

namespace alicorn {

using rules::is_impossible;
using rules::kSizeMax;

using ResponseField = rules::CheckedField;

/// For the log; it contains no bytes from the app.
const char* sentence_of(rules::FieldFault fault);

/// False, with `why` set to a sentence for the log: an empty or non-token name, a control character
/// other than the tab in the value, a null pointer with a size, or an impossible size.
inline bool check_response_field(const alicorn_field& field, ResponseField& checked,
                                 const char*& why) {
  const rules::FieldFault fault = rules::check_field(field, checked);
  if (fault == rules::FieldFault::kNone) return true;
  why = sentence_of(fault);
  return false;
}

}  // namespace alicorn
