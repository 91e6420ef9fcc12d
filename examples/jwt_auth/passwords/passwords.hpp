// Django's password hashes. Slow by design (0.1 to 1 s): on pool threads alone. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace jwt_auth {

/// Whether the password is the one of Django's encoded hash: pbkdf2_sha256, pbkdf2_sha1, argon2,
/// scrypt, bcrypt_sha256, bcrypt. False for an unusable ("!...") or unknown encoding. Constant-time
/// compare.
bool verify_password(std::string_view password, std::string_view encoded);

/// Whether verify_password has work to do: false for an unusable encoding, an empty one, and one of
/// an unknown algorithm.
bool has_known_hasher(std::string_view encoded);

/// "pbkdf2_sha256$ITERATIONS$SALT$HASH", as Django writes it, with a fresh 128-bit salt.
std::string make_password(std::string_view password, std::uint32_t iterations);

/// Letters and digits, each as likely as any other: 22 of them are 131 bits.
std::string random_letters(std::size_t count);

}  // namespace jwt_auth
