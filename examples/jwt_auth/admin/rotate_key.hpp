// Replaces the signing key in three steps, each followed by a reload, so that at no moment anybody
// meets a token whose key he does not know. In jwt_auth_admin.
#pragma once

#include "admin/tool.hpp"

#include <string>

namespace jwt_auth::admin {

struct RotateOptions {
  std::string kid;       ///< of the new key; empty: made up
  std::string activate;  ///< second step
  std::string retire;    ///< last step
  bool at_once = false;  ///< first and second in one
  bool write = false;    ///< into the file, instead of saying what to change
};

extern const char* const kRotateFooter;

/// Throws Failure.
void rotate_key(Tool& tool, const RotateOptions& options);

}  // namespace jwt_auth::admin
