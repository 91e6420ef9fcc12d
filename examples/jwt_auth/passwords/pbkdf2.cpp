#include "passwords/hashers.hpp"

#include <array>

#include <openssl/evp.h>

namespace jwt_auth {
namespace {

/// In base64. Empty: the library refused.
std::string pbkdf2(std::string_view password, std::string_view salt, std::uint32_t iterations,
                   const EVP_MD* digest) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> key{};
  const int size = EVP_MD_get_size(digest);
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                        reinterpret_cast<const unsigned char*>(salt.data()),
                        static_cast<int>(salt.size()), static_cast<int>(iterations), digest, size,
                        key.data()) != 1) {
    return {};
  }
  return base64({reinterpret_cast<const char*>(key.data()), static_cast<std::size_t>(size)});
}

/// algorithm$iterations$salt$hash
bool verify(std::string_view password, const Fields& fields, const EVP_MD* digest) {
  if (fields.size() != 4 || fields[3].empty()) return false;
  const auto iterations = parse_number(fields[1]);
  if (!iterations || *iterations == 0 || *iterations > HashLimits::kPbkdf2IterationsMax) {
    return false;
  }
  return equal_in_constant_time(pbkdf2(password, fields[2], *iterations, digest), fields[3]);
}

}  // namespace

bool verify_pbkdf2_sha256(std::string_view password, const Fields& fields) {
  return verify(password, fields, EVP_sha256());
}

bool verify_pbkdf2_sha1(std::string_view password, const Fields& fields) {
  return verify(password, fields, EVP_sha1());
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt,
                          std::uint32_t iterations) {
  return pbkdf2(password, salt, iterations, EVP_sha256());
}

}  // namespace jwt_auth
