// Changes the keys in the text of a configuration and leaves the rest as it is, comments included.
// Pure. In jwt_auth_admin.
#pragma once

#include "settings/settings.hpp"

#include <string>
#include <vector>

namespace jwt_auth::admin {

/// The keys that the service signs and verifies with.
struct KeySet {
  KeySource signing;
  std::vector<KeySource> verifying;
};

enum class Secrets { kShown, kHidden };

/// "signing_key:" and "verifying_keys:" as they stand in the section app; each line starts with
/// `indent`.
std::string key_section(const KeySet& keys, const std::string& indent, Secrets secrets);

/// Throws Failure where the text cannot be edited line by line. The result never means anything but
/// what is wanted: it is parsed again and compared.
std::string with_keys(const std::string& text, const std::string& name, const KeySet& keys);

}  // namespace jwt_auth::admin
