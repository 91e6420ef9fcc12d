// One function for each of Django's hashers, used by passwords.hpp. On pool threads; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// The most that one stored hash may cost. Whoever can write to the user table must not be able to
/// stall every worker, or exhaust its memory, with one row. The limits are well above every default
/// that Django has ever had.
struct HashLimits {
  static constexpr std::uint32_t kPbkdf2IterationsMax = 10'000'000;
  static constexpr std::uint32_t kBcryptCostMax = 16;
  static constexpr std::uint32_t kArgon2MemoryKibMax = 512 * 1024;
  static constexpr std::uint32_t kArgon2LanesMax = 64;
  static constexpr std::uint64_t kArgon2WorkKibMax = 4ULL * 1024 * 1024;  ///< memory times passes
  static constexpr std::uint64_t kScryptMemoryMax = 512ULL * 1024 * 1024;
  static constexpr std::uint64_t kScryptWorkMax = 2ULL * 1024 * 1024 * 1024;  ///< memory times p
  static constexpr std::size_t kEncodedSizeMax = 1024;
};

/// `fields`: the encoded hash split at each "$", starting with the algorithm. False: another
/// password, or not such an encoding.
using Fields = std::vector<std::string_view>;
bool verify_pbkdf2_sha256(std::string_view password, const Fields& fields);
bool verify_pbkdf2_sha1(std::string_view password, const Fields& fields);
bool verify_argon2(std::string_view password, const Fields& fields);
bool verify_scrypt(std::string_view password, const Fields& fields);
bool verify_bcrypt(std::string_view password, const Fields& fields);
bool verify_bcrypt_sha256(std::string_view password, const Fields& fields);

/// PBKDF2 with SHA-256, in base64. Empty: the library refused.
std::string pbkdf2_sha256(std::string_view password, std::string_view salt,
                          std::uint32_t iterations);

Fields split(std::string_view text, char separator);
/// Only decimal digits, with nothing around them.
std::optional<std::uint32_t> parse_number(std::string_view text);
std::string base64(std::string_view bytes);
/// With or without padding. Nullopt: not base64.
std::optional<std::string> from_base64(std::string_view text);
/// Takes a time that depends only on the sizes.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace jwt_auth
