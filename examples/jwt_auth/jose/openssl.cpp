#include "jose/openssl.hpp"

#include <openssl/err.h>
#include <openssl/rand.h>

namespace jwt_auth {

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text = reason == nullptr ? "unknown reason" : reason;
  ERR_clear_error();
  return text;
}

std::string sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  std::size_t size = 0;
  ensure(EVP_Q_digest(nullptr, "SHA256", nullptr, bytes.data(), bytes.size(),
                      reinterpret_cast<unsigned char*>(digest.data()), &size) == 1,
         "SHA-256");
  return digest;
}

void fill_random(std::uint8_t* bytes, std::size_t count) {
  ensure(RAND_bytes_ex(nullptr, bytes, count, 0) == 1, "random bytes");
}

}  // namespace jwt_auth
