// Owners for OpenSSL's objects, and OpenSSL's errors as text. Any process, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/decoder.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace jwt_auth {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <class T, auto kFree>
using Owned = std::unique_ptr<T, Freed<kFree>>;

using OwnedBio = Owned<BIO, BIO_free>;
using OwnedNumber = Owned<BIGNUM, BN_clear_free>;
using OwnedCipher = Owned<EVP_CIPHER, EVP_CIPHER_free>;
using OwnedCipherContext = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using OwnedDecoder = Owned<OSSL_DECODER_CTX, OSSL_DECODER_CTX_free>;
using OwnedDigest = Owned<EVP_MD, EVP_MD_free>;
using OwnedDigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using OwnedEcdsa = Owned<ECDSA_SIG, ECDSA_SIG_free>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedKeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using OwnedMac = Owned<EVP_MAC, EVP_MAC_free>;
using OwnedMacContext = Owned<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using OwnedParams = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using OwnedParamBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;

/// OpenSSL failed in a call that only a lack of memory or a broken installation can make fail.
class CryptoError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The latest reason in this thread's queue, which is emptied; "unknown reason" if the queue is
/// empty.
std::string openssl_reason();

/// Throws CryptoError unless OpenSSL succeeded.
inline void ensure(bool succeeded, const char* what) {
  if (!succeeded) throw CryptoError(std::string(what) + ": " + openssl_reason());
}

std::string sha256(std::string_view bytes);
/// From the cryptographic random generator.
void fill_random(std::uint8_t* bytes, std::size_t count);

}  // namespace jwt_auth
