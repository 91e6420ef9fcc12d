#include "workers/http/response_fields.hpp"

namespace alicorn {

const char* sentence_of(rules::FieldFault fault) {
  switch (fault) {
    case rules::FieldFault::kNone:
      break;
    case rules::FieldFault::kNullWithSize:
      return "a header is a null pointer with a size";
    case rules::FieldFault::kImpossibleSize:
      return "a header is larger than any memory";
    case rules::FieldFault::kName:
      return "a header name is empty or no token";
    case rules::FieldFault::kValue:
      return "a header value has a control character in it";
  }
  return "";
}

}  // namespace alicorn
