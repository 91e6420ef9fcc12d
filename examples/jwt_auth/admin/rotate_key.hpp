// Replaces the signing key in three steps, each followed by a reload. At no moment does anybody
// meet a token whose key they do not know. In jwt_auth_admin.
#pragma once

#include "admin/tool.hpp"

#include <string>

namespace jwt_auth::admin {

struct RotateOptions {
  std::string kid;       ///< of the new key; empty: generated
  std::string activate;  ///< second step: the kid of the key
  std::string retire;    ///< last step: the kid of the key
  bool at_once = false;  ///< first and second step in one
  bool write = false;    ///< change the file instead of saying what to change
};

extern const char* const kRotateFooter;

/// Throws Failure.
void rotate_key(Tool& tool, const RotateOptions& options);

}  // namespace jwt_auth::admin
