// Changes the keys in the text of a configuration, and leaves the rest as it is, comments included.
// Pure. In jwt_auth_admin.
#pragma once

#include "settings/settings.hpp"

#include <string>
#include <vector>

namespace jwt_auth::admin {

/// What the service signs and verifies with.
struct KeySet {
  KeySource signing;
  std::vector<KeySource> verifying;
};

enum class Secrets { kShown, kHidden };

/// "signing_key:" and "verifying_keys:" as they stand in the section app, each line behind
/// `indent`.
std::string key_section(const KeySet& keys, const std::string& indent, Secrets secrets);

/// Throws Failure where the text is written in a way that cannot be changed line by line; it is
/// never changed to mean anything else than what is wanted.
std::string with_keys(const std::string& text, const std::string& name, const KeySet& keys);

}  // namespace jwt_auth::admin
