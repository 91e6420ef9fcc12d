#include "support/keys.hpp"

#include "jose/base64url.hpp"
#include "jose/header.hpp"
#include "jose/openssl.hpp"

#include <filesystem>
#include <fstream>
#include <map>

#include <openssl/pem.h>
#include <unistd.h>

namespace jwt_auth {
namespace {

std::string text_of_bio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

OwnedKey key_of(const std::string& pem) {
  const OwnedBio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return OwnedKey(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
}

/// Removed when the program ends.
struct Folder {
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "jwt_auth_keys.XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
  int files = 0;
};

}  // namespace

std::string new_private_pem(const char* type, const char* curve, unsigned rsa_bits) {
  const std::string kind = type;
  const OwnedKey key(kind == "RSA"  ? EVP_RSA_gen(rsa_bits)
                     : kind == "EC" ? EVP_EC_gen(curve)
                                    : EVP_PKEY_Q_keygen(nullptr, nullptr, type));
  const OwnedBio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of_bio(out.get());
}

const std::string& private_pem(std::string_view algorithm) {
  static std::map<std::string, std::string, std::less<>> made;
  const Algorithm* known = find_algorithm(algorithm);
  const std::string kind(known->is_rsa() ? "RSA" : known->curve);
  const auto found = made.find(kind);
  if (found != made.end()) return found->second;
  const char* type = known->is_rsa() ? "RSA" : known->group == nullptr ? "ED25519" : "EC";
  return made[kind] = new_private_pem(type, known->group);
}

std::string public_pem(const std::string& private_pem) {
  const OwnedKey key = key_of(private_pem);
  const OwnedBio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(out.get(), key.get());
  return text_of_bio(out.get());
}

std::string encrypted_pem(const std::string& private_pem) {
  const OwnedKey key = key_of(private_pem);
  const OwnedBio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), "pass", 4, nullptr,
                                nullptr);
  return text_of_bio(out.get());
}

std::string written(std::string_view text) {
  static Folder folder;
  const std::string path = folder.path / std::to_string(folder.files++);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

KeySource file_source(std::string_view text, std::string algorithm, std::string kid) {
  return {{}, written(text), std::move(kid), std::move(algorithm)};
}

KeySource source_for(std::string_view algorithm, std::string kid) {
  const Algorithm* known = find_algorithm(algorithm);
  if (known->kind == AlgorithmKind::kHmac) {
    return {kTestSecret, {}, std::move(kid), std::string(algorithm)};
  }
  if (known->kind == AlgorithmKind::kDirect) return {kTestSecret.substr(0, 32), {}, kid, "dir"};
  return file_source(private_pem(algorithm), std::string(algorithm), std::move(kid));
}

KeyRing ring_of(const KeySource& source, KeyUse use) {
  KeyRing ring;
  ring.add(Key::load(source, "app.key", use, {}));
  return ring;
}

Key signing_key(std::string_view algorithm, std::string kid) {
  return Key::load(source_for(algorithm, std::move(kid)), "app.signing_key", KeyUse::kSigning, {});
}

std::string header_of(std::string_view token) {
  return base64url_decode(token.substr(0, token.find('.'))).value_or("?");
}

std::string payload_of(std::string_view token) {
  const auto segments = split_token<3>(token);
  return segments ? base64url_decode((*segments)[1]).value_or("?") : "?";
}

std::string forged(std::string_view header, std::string_view payload) {
  const Key key = signing_key("HS256");
  const std::string input = base64url_encode(header) + '.' + base64url_encode(payload);
  return input + '.' + base64url_encode(key.sign(input));
}

}  // namespace jwt_auth
