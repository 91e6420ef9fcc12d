#include "passwords/hashers.hpp"

#include <array>
#include <memory>

#include <crypt.h>
#include <openssl/evp.h>

namespace jwt_auth {
namespace {

/// "bcrypt$$2b$12$SALTANDHASH": the algorithm, an empty field, and bcrypt's own text.
bool verify(const std::string& secret, const Fields& fields) {
  if (fields.size() != 5 || !fields[1].empty()) return false;
  const std::string_view variant = fields[2];
  if (variant != "2b" && variant != "2a" && variant != "2y") return false;
  const auto cost = parse_number(fields[3]);
  if (!cost || *cost > HashLimits::kBcryptCostMax) return false;
  // bcrypt's C string would end at a NUL: every password with the same beginning would match.
  if (secret.find('\0') != std::string::npos) return false;

  std::string setting = "$";
  setting.append(variant).append("$").append(fields[3]).append("$").append(fields[4]);
  const auto data = std::make_unique<crypt_data>();  // 32 KiB
  const char* hash =
      ::crypt_rn(secret.c_str(), setting.c_str(), data.get(), static_cast<int>(sizeof(*data)));
  return hash != nullptr && equal_in_constant_time(hash, setting);
}

std::string hex_of(const unsigned char* bytes, std::size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text.append(1, kDigits[bytes[i] >> 4]).append(1, kDigits[bytes[i] & 15]);
  }
  return text;
}

}  // namespace

bool verify_bcrypt(std::string_view password, const Fields& fields) {
  return verify(std::string(password), fields);
}

/// bcrypt itself uses only 72 bytes; this form hashes the whole password first.
bool verify_bcrypt_sha256(std::string_view password, const Fields& fields) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(password.data(), password.size(), digest.data(), &size, EVP_sha256(), nullptr) !=
      1) {
    return false;
  }
  return verify(hex_of(digest.data(), size), fields);
}

}  // namespace jwt_auth
