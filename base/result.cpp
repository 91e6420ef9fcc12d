#include "base/result.hpp"

#include "base/shortage.hpp"

namespace alicorn {

std::string Error::text() const {
  if (!code) return context;
  std::string text = context + ": " + code.message();
  const bool is_errno = code.category() == std::system_category();
  const std::string limit = is_errno ? name_limit(code.value()) : "";
  return limit.empty() ? text : text.append(" (").append(limit).append(")");
}

}  // namespace alicorn
