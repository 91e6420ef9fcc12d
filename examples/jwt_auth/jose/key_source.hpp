// From a setting to the key that it names, and what an operator is told where it names none. Any
// process, once.
#pragma once

#include "jose/key_material.hpp"
#include "settings/settings.hpp"

#include <string>
#include <string_view>

namespace jwt_auth {

/// `algorithm`: that the key is probably for; "" for one that encrypts. Throws KeyProblem.
KeyMaterial read_source(const KeySource& source, std::string_view algorithm);

/// For messages: the setting's name, and the file's or the variable's.
std::string described(std::string_view name, const KeySource& source);

}  // namespace jwt_auth
