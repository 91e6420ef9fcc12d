#include "workers/http_parser.hpp"

#include <llhttp.h>

#define ALICORN_TEXT(token) #token
#define ALICORN_TEXT_OF(macro) ALICORN_TEXT(macro)

namespace alicorn {

std::string_view llhttp_version() {
  return ALICORN_TEXT_OF(LLHTTP_VERSION_MAJOR) "." ALICORN_TEXT_OF(
      LLHTTP_VERSION_MINOR) "." ALICORN_TEXT_OF(LLHTTP_VERSION_PATCH);
}

}  // namespace alicorn
