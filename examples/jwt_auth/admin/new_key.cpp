#include "admin/new_key.hpp"

#include "admin/failure.hpp"
#include "jose/algorithm.hpp"
#include "jose/base64url.hpp"
#include "jose/json.hpp"
#include "jose/openssl.hpp"
#include "passwords/passwords.hpp"

#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace jwt_auth::admin {
namespace {

constexpr unsigned int kRsaBits = 3072;  // 128 bits of security

std::string pem_of(EVP_PKEY* pkey) {
  const OwnedBio out(BIO_new(BIO_s_mem()));
  ensure(out && PEM_write_bio_PKCS8PrivateKey(out.get(), pkey, nullptr, nullptr, 0, nullptr,
                                              nullptr) == 1,
         "a key in PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

OwnedKey generate(const Algorithm& algorithm) {
  switch (algorithm.kind) {
    case AlgorithmKind::kEcdsa:
      return OwnedKey(EVP_EC_gen(algorithm.group));
    case AlgorithmKind::kEd25519:
      return OwnedKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    default:
      return OwnedKey(EVP_RSA_gen(kRsaBits));
  }
}

}  // namespace

std::string make_key(std::string_view name, std::string_view kid) {
  const Algorithm* algorithm = find_algorithm(name);
  if (algorithm == nullptr) throw Failure("unknown algorithm " + std::string(name));
  if (algorithm->kind != AlgorithmKind::kHmac) {
    const OwnedKey key = generate(*algorithm);
    ensure(key != nullptr, "a new key");
    return pem_of(key.get());
  }
  // Letters and digits only, so that a Django beside the service can use the same SIGNING_KEY.
  const std::string secret = random_letters(2 * algorithm->digest_bytes);
  return dump_ascii(boost::json::object{{"kty", "oct"},
                                        {"kid", kid},
                                        {"alg", algorithm->name},
                                        {"k", base64url_encode(secret)}}) +
         '\n';
}

}  // namespace jwt_auth::admin
