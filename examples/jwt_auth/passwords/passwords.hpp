// Django's password hashes. Slow by design (0.1 to 1 s): only on pool threads. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace jwt_auth {

/// Whether the password matches Django's encoded hash: pbkdf2_sha256, pbkdf2_sha1, argon2, scrypt,
/// bcrypt_sha256 or bcrypt. False for an unusable ("!...") or unknown encoding. Compares in
/// constant time.
bool verify_password(std::string_view password, std::string_view encoded);

/// Whether verify_password has work to do: false for an unusable, empty or unknown encoding.
bool has_known_hasher(std::string_view encoded);

/// "pbkdf2_sha256$ITERATIONS$SALT$HASH", as Django writes it, with a fresh 128-bit salt.
std::string make_password(std::string_view password, std::uint32_t iterations);

/// Random letters and digits, all equally likely: 22 of them are 131 bits.
std::string random_letters(std::size_t count);

}  // namespace jwt_auth
