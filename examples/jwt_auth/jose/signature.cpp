// The part of Key that computes: signatures, HMACs and key wrapping.
#include "jose/base64url.hpp"
#include "jose/key_parts.hpp"

#include <array>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

namespace jwt_auth {
namespace {

constexpr std::size_t kSignatureBytesMax = 2048;  // RSA with 16384 bits

/// RFC 7518 section 3.3: the salt is as long as the digest, and MGF1 uses the same digest.
void set_padding(AlgorithmKind kind, EVP_PKEY_CTX* context) {
  if (kind != AlgorithmKind::kRsaPss) return;
  ensure(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1,
         "PSS padding");
}

void set_oaep(EVP_PKEY_CTX* context, const EVP_MD* digest) {
  ensure(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_oaep_md(context, digest) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1,
         "OAEP padding");
}

/// OpenSSL's DER to the r||s of RFC 7518 section 3.4.
std::string raw_from_der(const std::vector<std::uint8_t>& der, std::size_t field_bytes) {
  const std::uint8_t* at = der.data();
  const OwnedEcdsa pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  ensure(pair != nullptr, "an ECDSA signature");
  std::string raw(2 * field_bytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  const int size = static_cast<int>(field_bytes);
  ensure(BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out, size) == size &&
             BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out + size, size) == size,
         "an ECDSA signature");
  return raw;
}

/// Empty if the size does not fit the curve.
std::vector<std::uint8_t> der_from_raw(Bytes raw, std::size_t field_bytes) {
  if (raw.size() != 2 * field_bytes) return {};
  const int size = static_cast<int>(field_bytes);
  OwnedNumber r(BN_bin2bn(raw.data(), size, nullptr));
  OwnedNumber s(BN_bin2bn(raw.data() + size, size, nullptr));
  const OwnedEcdsa pair(ECDSA_SIG_new());
  ensure(r && s && pair && ECDSA_SIG_set0(pair.get(), r.get(), s.get()) == 1, "memory");
  static_cast<void>(r.release());  // set0 now owns both
  static_cast<void>(s.release());
  const int length = i2d_ECDSA_SIG(pair.get(), nullptr);
  ensure(length > 0, "an ECDSA signature");
  std::vector<std::uint8_t> der(static_cast<std::size_t>(length));
  std::uint8_t* at = der.data();
  i2d_ECDSA_SIG(pair.get(), &at);
  return der;
}

}  // namespace

std::string Key::sign(std::string_view input) const {
  if (algorithm_->kind == AlgorithmKind::kHmac) {
    const MacPool::Mac mac = parts_->mac->compute(input);
    return std::string(text_of(Bytes(mac.bytes.data(), mac.size)));
  }
  const OwnedDigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  ensure(context && EVP_DigestSignInit(context.get(), &parameters, parts_->digest.get(), nullptr,
                                       parts_->material.pkey.get()) == 1,
         "signing");
  set_padding(algorithm_->kind, parameters);
  const Bytes bytes = bytes_of(input);
  std::vector<std::uint8_t> signature(kSignatureBytesMax);
  std::size_t size = signature.size();
  ensure(EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()) == 1,
         "signing");
  signature.resize(size);
  if (algorithm_->kind == AlgorithmKind::kEcdsa) {
    return raw_from_der(signature, algorithm_->field_bytes);
  }
  return std::string(text_of(signature));
}

bool Key::verifies(std::string_view input, std::string_view signature_base64url) const {
  std::array<std::uint8_t, kSignatureBytesMax> memory;
  const auto size = base64url_decode(signature_base64url, memory);
  if (!size) return false;
  Bytes signature(memory.data(), *size);
  if (algorithm_->kind == AlgorithmKind::kHmac) {
    const MacPool::Mac mac = parts_->mac->compute(input);
    return signature.size() == mac.size &&
           CRYPTO_memcmp(mac.bytes.data(), signature.data(), mac.size) == 0;
  }
  std::vector<std::uint8_t> der;
  if (algorithm_->kind == AlgorithmKind::kEcdsa) {
    der = der_from_raw(signature, algorithm_->field_bytes);
    signature = der;
  }
  const OwnedDigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  ensure(context && EVP_DigestVerifyInit(context.get(), &parameters, parts_->digest.get(), nullptr,
                                         parts_->material.pkey.get()) == 1,
         "verifying");
  set_padding(algorithm_->kind, parameters);
  const Bytes bytes = bytes_of(input);
  const bool is_valid = EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                         bytes.data(), bytes.size()) == 1;
  // A wrong signature leaves its reason in the thread's queue, where reasons would pile up.
  if (!is_valid) ERR_clear_error();
  return is_valid;
}

std::string Key::wrap(std::string_view content_key) const {
  const OwnedKeyContext context(
      EVP_PKEY_CTX_new_from_pkey(nullptr, parts_->material.pkey.get(), nullptr));
  ensure(context && EVP_PKEY_encrypt_init(context.get()) == 1, "RSA-OAEP-256");
  set_oaep(context.get(), parts_->digest.get());
  const Bytes bytes = bytes_of(content_key);
  std::string wrapped(kSignatureBytesMax, '\0');
  std::size_t size = wrapped.size();
  ensure(EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(wrapped.data()), &size,
                          bytes.data(), bytes.size()) == 1,
         "RSA-OAEP-256");
  wrapped.resize(size);
  return wrapped;
}

std::optional<std::string> Key::unwrap(std::string_view wrapped) const {
  const OwnedKeyContext context(
      EVP_PKEY_CTX_new_from_pkey(nullptr, parts_->material.pkey.get(), nullptr));
  ensure(context && EVP_PKEY_decrypt_init(context.get()) == 1, "RSA-OAEP-256");
  set_oaep(context.get(), parts_->digest.get());
  const Bytes bytes = bytes_of(wrapped);
  std::string content_key(kSignatureBytesMax, '\0');
  std::size_t size = content_key.size();
  if (EVP_PKEY_decrypt(context.get(), reinterpret_cast<unsigned char*>(content_key.data()), &size,
                       bytes.data(), bytes.size()) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  content_key.resize(size);
  return content_key;
}

}  // namespace jwt_auth
