#include "passwords/hashers.hpp"

#include <bit>

#include <openssl/evp.h>

namespace jwt_auth {

/// scrypt$n$salt$r$p$hash
bool verify_scrypt(std::string_view password, const Fields& fields) {
  if (fields.size() != 6) return false;
  const auto n = parse_number(fields[1]);
  const auto r = parse_number(fields[3]);
  const auto p = parse_number(fields[4]);
  if (!n || !r || !p || *n < 2 || !std::has_single_bit(*n) || *r == 0 || *p == 0) return false;
  if (*r > 1024 || *p > 1024) return false;  // the products below cannot overflow
  const std::uint64_t memory = std::uint64_t{128} * *n * *r;
  if (memory > HashLimits::kScryptMemoryMax || memory * *p > HashLimits::kScryptWorkMax) {
    return false;
  }
  // Django's dklen. With the stored hash's own length, a prefix of the hash would match.
  std::string computed(64, '\0');
  // OpenSSL counts a little more than the table.
  const std::uint64_t memory_max = memory + std::uint64_t{128} * *r * (*p + 2) + 4096;
  if (EVP_PBE_scrypt(password.data(), password.size(),
                     reinterpret_cast<const unsigned char*>(fields[2].data()), fields[2].size(), *n,
                     *r, *p, memory_max, reinterpret_cast<unsigned char*>(computed.data()),
                     computed.size()) != 1) {
    return false;
  }
  return equal_in_constant_time(base64(computed), fields[5]);
}

}  // namespace jwt_auth
