#include "jose/mac_pool.hpp"

#include "jose/base64url.hpp"

#include <string>

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace jwt_auth {

MacPool::MacPool(std::string_view secret, const char* digest) {
  const OwnedMac algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  ensure(algorithm != nullptr, "HMAC");
  keyed_.reset(EVP_MAC_CTX_new(algorithm.get()));
  std::string name = digest;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
      OSSL_PARAM_construct_end()};
  const Bytes key = bytes_of(secret);
  ensure(keyed_ && EVP_MAC_init(keyed_.get(), key.data(), key.size(), params) == 1, "HMAC");
}

OwnedMacContext MacPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      OwnedMacContext context = std::move(idle_.back());
      idle_.pop_back();
      return context;
    }
  }
  OwnedMacContext context(EVP_MAC_CTX_dup(keyed_.get()));
  ensure(context != nullptr, "HMAC");
  return context;
}

void MacPool::give_back(OwnedMacContext context) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(context));
}

MacPool::Mac MacPool::compute(std::string_view input) {
  OwnedMacContext context = take();
  const Bytes bytes = bytes_of(input);
  Mac mac;
  // Without a key, EVP_MAC_init starts again with the key that the context has.
  const bool succeeded =
      EVP_MAC_init(context.get(), nullptr, 0, nullptr) == 1 &&
      EVP_MAC_update(context.get(), bytes.data(), bytes.size()) == 1 &&
      EVP_MAC_final(context.get(), mac.bytes.data(), &mac.size, mac.bytes.size()) == 1;
  ensure(succeeded, "HMAC");
  give_back(std::move(context));
  return mac;
}

}  // namespace jwt_auth
