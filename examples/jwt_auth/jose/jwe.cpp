#include "jose/base64url.hpp"
#include "jose/compact.hpp"
#include "jose/header.hpp"
#include "jose/json.hpp"
#include "jose/openssl.hpp"

#include <array>

#include <openssl/crypto.h>
#include <openssl/err.h>

namespace jwt_auth {
namespace {

constexpr std::size_t kContentKeyBytes = 32;
constexpr std::size_t kIvBytes = 12;
constexpr std::size_t kTagBytes = 16;

unsigned char* writable(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

struct Sealed {
  std::string iv, text, tag;
};

OwnedCipherContext make_context() {
  OwnedCipherContext context(EVP_CIPHER_CTX_new());
  ensure(context != nullptr, "memory");
  return context;
}

Sealed seal(const std::string& key, std::string_view aad, std::string_view plain) {
  Sealed sealed{std::string(kIvBytes, '\0'), std::string(plain.size(), '\0'),
                std::string(kTagBytes, '\0')};
  fill_random(writable(sealed.iv), kIvBytes);
  const OwnedCipher cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  const OwnedCipherContext context = make_context();
  int size = 0;
  const bool succeeded =
      cipher &&
      EVP_EncryptInit_ex2(context.get(), cipher.get(), bytes_of(key).data(), writable(sealed.iv),
                          nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(aad).data(),
                        static_cast<int>(aad.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), writable(sealed.text), &size, bytes_of(plain).data(),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), writable(sealed.text) + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, sealed.tag.data()) == 1;
  ensure(succeeded, "A256GCM");
  return sealed;
}

std::optional<std::string> unseal(const std::string& key, std::string_view aad, Sealed& sealed) {
  std::string plain(sealed.text.size(), '\0');
  const OwnedCipher cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  const OwnedCipherContext context = make_context();
  int size = 0;
  const bool succeeded =
      cipher &&
      EVP_DecryptInit_ex2(context.get(), cipher.get(), bytes_of(key).data(), writable(sealed.iv),
                          nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(aad).data(),
                        static_cast<int>(aad.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), writable(plain), &size, bytes_of(sealed.text).data(),
                        static_cast<int>(sealed.text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, sealed.tag.data()) ==
          1 &&
      EVP_DecryptFinal_ex(context.get(), writable(plain) + size, &size) == 1;
  if (succeeded) return plain;
  ERR_clear_error();
  return std::nullopt;
}

/// RFC 7516 section 11.5: if the wrapped key is wrong we continue with a random one, so that
/// neither the answer nor its time tells a wrong key from a wrong text.
std::string content_key_of(const Key& key, std::string_view wrapped) {
  std::string random(kContentKeyBytes, '\0');
  fill_random(writable(random), random.size());
  auto unwrapped = key.unwrap(wrapped);
  if (!unwrapped || unwrapped->size() != kContentKeyBytes) return random;
  return *std::move(unwrapped);
}

/// Accepts only what this service and its peers write: a signed token inside, and no compression,
/// whose size would give hints about the claims (and may explode).
bool is_nested(const boost::json::object& header) {
  const auto* encryption = string_member(header, "enc");
  const auto* content = string_member(header, "cty");
  return encryption != nullptr && *encryption == "A256GCM" && content != nullptr &&
         (*content == "JWT" || *content == "jwt") && !header.contains("zip");
}

}  // namespace

std::string encrypt_compact(const Key& key, std::string_view signed_token) {
  boost::json::object header{{"alg", key.algorithm().name}, {"enc", "A256GCM"}, {"cty", "JWT"}};
  if (key.has_own_kid()) header["kid"] = key.kid();
  std::string token = base64url_encode(dump_ascii(header));
  std::string wrapped;
  std::string content_key = key.secret();
  if (key.algorithm().kind == AlgorithmKind::kRsaOaep) {
    content_key.assign(kContentKeyBytes, '\0');
    fill_random(writable(content_key), content_key.size());
    wrapped = base64url_encode(key.wrap(content_key));
  }
  const Sealed sealed = seal(content_key, token, signed_token);
  OPENSSL_cleanse(content_key.data(), content_key.size());
  for (const std::string& segment : {wrapped, base64url_encode(sealed.iv),
                                     base64url_encode(sealed.text), base64url_encode(sealed.tag)}) {
    token.append(1, '.').append(segment);
  }
  return token;
}

std::optional<std::string> decrypt_compact(const KeyRing& ring, std::string_view token) {
  if (token.size() > kTokenBytesMax) return std::nullopt;
  const auto segments = split_token<5>(token);
  if (!segments) return std::nullopt;
  const auto header = read_header((*segments)[0]);
  const auto wrapped = base64url_decode((*segments)[1]);
  const auto iv = base64url_decode((*segments)[2]);
  const auto text = base64url_decode((*segments)[3]);
  const auto tag = base64url_decode((*segments)[4]);
  if (!header || !is_nested(*header) || !wrapped || !iv || iv->size() != kIvBytes || !text ||
      !tag || tag->size() != kTagBytes) {
    return std::nullopt;
  }
  Sealed sealed{*iv, *text, *tag};
  std::optional<std::string> plain;
  ring.any(hint_of(*header), [&](const Key& key) {
    const bool is_direct = key.algorithm().kind == AlgorithmKind::kDirect;
    if (is_direct && !wrapped->empty()) return false;
    plain =
        unseal(is_direct ? key.secret() : content_key_of(key, *wrapped), (*segments)[0], sealed);
    return plain.has_value();
  });
  return plain;
}

}  // namespace jwt_auth
