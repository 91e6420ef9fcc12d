#include "jose/key_material.hpp"

#include "jose/base64url.hpp"
#include "jose/json.hpp"
#include "text/regular_file.hpp"

#include <array>
#include <cerrno>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <pwd.h>
#include <unistd.h>

namespace jwt_auth {
namespace {

constexpr std::size_t kFileSizeMax = 64 << 10;
constexpr std::string_view kWhiteSpace = " \t\r\n";

/// A worker has no terminal to ask on.
int refuse_passphrase(char*, int, int, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

std::string encoded_number(EVP_PKEY* pkey, const char* name, std::size_t size = 0) {
  BIGNUM* number = nullptr;
  ensure(EVP_PKEY_get_bn_param(pkey, name, &number) == 1, "a number of a key");
  const OwnedNumber owner(number);
  if (size == 0) size = static_cast<std::size_t>(BN_num_bytes(number));
  std::vector<std::uint8_t> bytes(size);
  ensure(BN_bn2binpad(number, bytes.data(), static_cast<int>(bytes.size())) >= 0,
         "a number of a key");
  return base64url_encode(bytes);
}

/// Refuses forms that people have keys in but that are not supported here.
void refuse_other_forms(std::string_view text) {
  if (text.find("-----BEGIN OPENSSH PRIVATE KEY") != std::string_view::npos ||
      text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-")) {
    throw KeyProblem(
        "is a key in OpenSSH's own format; give one in PEM (make it with: openssl genpkey)");
  }
  if (text.find("-----BEGIN CERTIFICATE") != std::string_view::npos &&
      text.find("PRIVATE KEY-----") == std::string_view::npos) {
    throw KeyProblem(
        "is a certificate, not a key (its public key: openssl x509 -in FILE -noout -pubkey)");
  }
  constexpr char kDerSequence = 0x30;
  if (text.size() > 2 && text.front() == kDerSequence &&
      static_cast<unsigned char>(text[1]) > 0x80 && static_cast<unsigned char>(text[1]) < 0x85) {
    throw KeyProblem(
        "is binary (DER or PKCS #12); give it in PEM (convert it with: openssl pkey -in FILE)");
  }
}

/// " (as the user www-data)": names the user whose rights do not suffice.
std::string acting_user() {
  const uid_t id = ::geteuid();
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> memory{};
  ::getpwuid_r(id, &entry, memory.data(), memory.size(), &found);
  return " (as the user " + (found == nullptr ? std::to_string(id) : std::string(entry.pw_name)) +
         ')';
}

}  // namespace

KeyMaterial read_pem(std::string_view text) {
  KeyMaterial material;
  material.is_private = text.find("PRIVATE KEY-----") != std::string_view::npos;
  const OwnedBio source(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  ensure(source != nullptr, "memory");
  EVP_PKEY* pkey = nullptr;
  if (material.is_private) {
    bool was_asked = false;
    pkey = PEM_read_bio_PrivateKey(source.get(), nullptr, refuse_passphrase, &was_asked);
    if (was_asked) {
      openssl_reason();
      throw KeyProblem("is encrypted with a passphrase (remove it with: openssl pkey -in FILE)");
    }
  } else {
    const OwnedDecoder decoder(OSSL_DECODER_CTX_new_for_pkey(
        &pkey, "PEM", nullptr, nullptr, EVP_PKEY_PUBLIC_KEY, nullptr, nullptr));
    ensure(decoder != nullptr, "a decoder");
    OSSL_DECODER_from_bio(decoder.get(), source.get());
  }
  material.pkey.reset(pkey);
  if (pkey == nullptr) throw KeyProblem("is not a key in PEM (" + openssl_reason() + ")");
  return material;
}

KeyMaterial read_key_file(const std::string& path) {
  std::string text;
  try {
    text = read_regular_file(path, kFileSizeMax).text;
  } catch (const FileProblem& problem) {
    throw KeyProblem(std::string("cannot be read: ") + problem.what() +
                     (problem.error() == EACCES ? acting_user() : ""));
  }
  if (text.find_first_not_of(kWhiteSpace) == std::string::npos) {
    throw KeyProblem("is an empty file");
  }
  return read_key_text(text);
}

KeyMaterial read_key_text(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin != std::string_view::npos && text[begin] == '{') {
    const auto jwk = parse_object(text);
    if (!jwk) throw KeyProblem("is not a JSON object");
    return read_jwk(*jwk);
  }
  refuse_other_forms(text);
  if (text.find("-----BEGIN ") == std::string_view::npos) {
    throw UnknownForm("is neither a key in PEM nor a JWK");
  }
  return read_pem(text);
}

boost::json::object public_members(EVP_PKEY* pkey) {
  boost::json::object members;
  if (EVP_PKEY_is_a(pkey, "RSA") == 1) {
    members["e"] = encoded_number(pkey, OSSL_PKEY_PARAM_RSA_E);
    members["kty"] = "RSA";
    members["n"] = encoded_number(pkey, OSSL_PKEY_PARAM_RSA_N);
  } else if (EVP_PKEY_is_a(pkey, "EC") == 1) {
    const auto bytes = (static_cast<std::size_t>(EVP_PKEY_get_bits(pkey)) + 7) / 8;
    members["crv"] = bytes == 32 ? "P-256" : bytes == 48 ? "P-384" : "P-521";
    members["kty"] = "EC";
    members["x"] = encoded_number(pkey, OSSL_PKEY_PARAM_EC_PUB_X, bytes);
    members["y"] = encoded_number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, bytes);
  } else {
    std::array<std::uint8_t, 32> raw{};
    std::size_t size = raw.size();
    ensure(EVP_PKEY_get_raw_public_key(pkey, raw.data(), &size) == 1, "an Ed25519 key");
    members["crv"] = "Ed25519";
    members["kty"] = "OKP";
    members["x"] = base64url_encode(raw);
  }
  return members;
}

std::string thumbprint(EVP_PKEY* pkey) {
  return base64url_encode(sha256(dump_ascii(public_members(pkey))));
}

}  // namespace jwt_auth
