#include "passwords/passwords.hpp"

#include "passwords/hashers.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>

#include <openssl/rand.h>

namespace jwt_auth {
namespace {

struct Hasher {
  std::string_view algorithm;
  bool (*verify)(std::string_view, const Fields&);
};

constexpr Hasher kHashers[] = {
    {"pbkdf2_sha256", verify_pbkdf2_sha256},
    {"pbkdf2_sha1", verify_pbkdf2_sha1},
    {"argon2", verify_argon2},
    {"scrypt", verify_scrypt},
    {"bcrypt_sha256", verify_bcrypt_sha256},
    {"bcrypt", verify_bcrypt},
};

constexpr std::size_t kSaltLength = 22;  // the same as Django's

}  // namespace

bool has_known_hasher(std::string_view encoded) {
  const std::string_view algorithm = encoded.substr(0, encoded.find('$'));
  return std::any_of(std::begin(kHashers), std::end(kHashers),
                     [&](const Hasher& hasher) { return hasher.algorithm == algorithm; });
}

bool verify_password(std::string_view password, std::string_view encoded) {
  if (encoded.size() > HashLimits::kEncodedSizeMax) return false;
  const Fields fields = split(encoded, '$');
  for (const Hasher& hasher : kHashers) {
    if (hasher.algorithm == fields.front()) return hasher.verify(password, fields);
  }
  return false;
}

std::string make_password(std::string_view password, std::uint32_t iterations) {
  const std::string salt = random_letters(kSaltLength);
  const std::string hash = pbkdf2_sha256(password, salt, iterations);
  if (hash.empty()) throw std::runtime_error("the password cannot be hashed");
  return "pbkdf2_sha256$" + std::to_string(iterations) + '$' + salt + '$' + hash;
}

std::string random_letters(std::size_t count) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  // Bytes beyond the last whole multiple would make some letters more likely than others.
  constexpr std::size_t kUsable = 256 / kAlphabet.size() * kAlphabet.size();
  std::string text;
  while (text.size() < count) {
    std::array<unsigned char, 32> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
      throw std::runtime_error("no random bytes");
    }
    for (const unsigned char byte : bytes) {
      if (byte < kUsable && text.size() < count) text += kAlphabet[byte % kAlphabet.size()];
    }
  }
  return text;
}

}  // namespace jwt_auth
