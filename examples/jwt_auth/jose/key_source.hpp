// From a setting to the key that it names, and what to tell an operator when it names none. Any
// process, once.
#pragma once

#include "jose/key_material.hpp"
#include "settings/settings.hpp"

#include <string>
#include <string_view>

namespace jwt_auth {

/// `algorithm`: what the key is probably for; "" for an encryption key. Throws KeyProblem.
KeyMaterial read_source(const KeySource& source, std::string_view algorithm);

/// For messages: the name of the setting, and of the file or the variable.
std::string described(std::string_view name, const KeySource& source);

}  // namespace jwt_auth
