#include "jose/key.hpp"

#include "jose/base64url.hpp"
#include "jose/json.hpp"
#include "jose/key_parts.hpp"
#include "jose/key_source.hpp"

#include <array>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

namespace jwt_auth {
namespace {

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 16384;  // OpenSSL refuses to verify with larger keys
constexpr std::size_t kContentKeyBytes = 32;

bool is_for_encryption(KeyUse use) {
  return use == KeyUse::kEncrypting || use == KeyUse::kDecrypting;
}

const Algorithm* choose_algorithm(const KeySource& source, const KeyMaterial& material, KeyUse use,
                                  std::string_view fallback) {
  std::string_view name = source.algorithm;
  if (name.empty()) name = material.algorithm;
  // In a JWK for "dir", "alg" names the content encryption.
  if (is_for_encryption(use) && name == "A256GCM") name = "dir";
  if (name.empty()) name = fallback;
  if (name.empty() && is_for_encryption(use)) name = material.pkey ? "RSA-OAEP-256" : "dir";
  const Algorithm* algorithm = find_algorithm(name);
  if (algorithm != nullptr && algorithm->is_encryption() == is_for_encryption(use)) {
    return algorithm;
  }
  throw KeyProblem(
      "is for the algorithm \"" + std::string(name) + "\"; known here: " +
      std::string(is_for_encryption(use) ? "dir and RSA-OAEP-256" : signature_algorithms()));
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string from_hex(const std::string& text) {
  std::string bytes(text.size() / 2, '\0');
  std::size_t size = 0;
  ensure(OPENSSL_hexstr2buf_ex(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), &size,
                               text.c_str(), '\0') == 1,
         "a secret in hexadecimal");
  return bytes;
}

std::string wanted(const Algorithm& algorithm) {
  switch (algorithm.kind) {
    case AlgorithmKind::kHmac:
    case AlgorithmKind::kDirect:
      return "a secret";
    case AlgorithmKind::kEcdsa:
      return "an EC key on the curve " + std::string(algorithm.curve);
    case AlgorithmKind::kEd25519:
      return "an Ed25519 key";
    default:
      return "an RSA key";
  }
}

std::string found(EVP_PKEY* pkey) {
  if (pkey == nullptr) return "a secret";
  std::array<char, 64> group{};
  if (EVP_PKEY_get_group_name(pkey, group.data(), group.size(), nullptr) == 1) {
    return "a key on the curve " + std::string(group.data());
  }
  const char* type = EVP_PKEY_get0_type_name(pkey);
  return "a key of type " + std::string(type == nullptr ? "unknown" : type);
}

bool fits(const Algorithm& algorithm, EVP_PKEY* pkey) {
  if (algorithm.is_symmetric() || pkey == nullptr) {
    return algorithm.is_symmetric() && pkey == nullptr;
  }
  if (algorithm.is_rsa()) return EVP_PKEY_is_a(pkey, "RSA") == 1;
  if (algorithm.kind == AlgorithmKind::kEd25519) return EVP_PKEY_is_a(pkey, "ED25519") == 1;
  std::array<char, 64> group{};
  return EVP_PKEY_is_a(pkey, "EC") == 1 &&
         EVP_PKEY_get_group_name(pkey, group.data(), group.size(), nullptr) == 1 &&
         std::string_view(group.data()) == algorithm.group;
}

bool is_readable_by_all(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

/// What to set instead: the algorithms that fit the key, or where another key goes.
std::string way_out(EVP_PKEY* pkey, const Algorithm& algorithm) {
  if (pkey == nullptr)
    return "give {file: private.pem}, or set the algorithm to HS256, HS384 or HS512";
  if (!algorithm.is_symmetric()) return "give another key, or its own \"algorithm\"";
  std::string names;
  for (const Algorithm& other : algorithms()) {
    if (other.is_encryption() != algorithm.is_encryption() || !fits(other, pkey)) continue;
    names.append(names.empty() ? "" : ", ").append(other.name);
  }
  return names.empty() ? "give a secret"
                       : "give a secret, or the key's own \"algorithm\": " + names;
}

}  // namespace

Key::Key() : parts_(std::make_unique<Parts>()) {}
Key::Key(Key&&) noexcept = default;
Key& Key::operator=(Key&&) noexcept = default;
Key::~Key() {
  if (parts_) OPENSSL_cleanse(parts_->material.secret.data(), parts_->material.secret.size());
}

/// A secret for dir has 32 bytes; a person may type it in hexadecimal or base64url.
void Key::check_secret(KeyUse use) {
  std::string& secret = parts_->material.secret;
  if (is_for_encryption(use)) {
    if (secret.size() == 2 * kContentKeyBytes && is_hex(secret)) secret = from_hex(secret);
    if (auto bytes = base64url_decode(secret); bytes && bytes->size() == kContentKeyBytes) {
      secret = *std::move(bytes);
    }
    if (secret.size() == kContentKeyBytes) return;
    throw KeyProblem("has " + std::to_string(secret.size()) +
                     " bytes, dir needs 32 (make them with: openssl rand -hex 32)");
  }
  if (secret.size() < algorithm_->digest_bytes) {
    const std::string least = std::to_string(algorithm_->digest_bytes);
    throw KeyProblem("has " + std::to_string(secret.size()) + " bytes, too short for " +
                     std::string(algorithm_->name) + ", which needs " + least +
                     " (make one with: openssl rand -hex " + least + ")");
  }
  parts_->mac = std::make_unique<MacPool>(secret, algorithm_->digest);
}

void Key::check_asymmetric(KeyUse use) const {
  EVP_PKEY* pkey = parts_->material.pkey.get();
  if (algorithm_->is_rsa()) {
    const int bits = EVP_PKEY_get_bits(pkey);
    if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
      throw KeyProblem("is an RSA key of " + std::to_string(bits) +
                       " bits; 2048 to 16384 are accepted (make one with: openssl genpkey "
                       "-algorithm RSA -pkeyopt rsa_keygen_bits:3072)");
    }
  }
  if (algorithm_->kind != AlgorithmKind::kEd25519) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey, nullptr));
    if (!context || EVP_PKEY_public_check(context.get()) != 1) {
      throw KeyProblem("is not a valid public key (" + openssl_reason() + ")");
    }
  }
  if (use == KeyUse::kVerifying || parts_->material.is_private) return;
  const char* doing = use == KeyUse::kSigning ? "signing" : "decrypting";
  throw KeyProblem(std::string("is a public key; ") + doing + " needs the private one");
}

/// With the public half of another key, the tokens could be read by nobody.
void Key::check_pair() const {
  bool is_pair = true;
  if (!algorithm_->is_encryption()) {
    is_pair = verifies("pair", base64url_encode(sign("pair")));
  } else if (algorithm_->is_rsa()) {
    const auto unwrapped = unwrap(wrap("pair"));
    is_pair = unwrapped && *unwrapped == "pair";
  }
  if (!is_pair) throw KeyProblem("has a public part that does not match its private part");
}

Key Key::load(const KeySource& source, std::string_view name, KeyUse use,
              std::string_view default_algorithm) {
  Key key;
  key.name_ = name;
  try {
    KeyMaterial& material = key.parts_->material;
    material = read_source(
        source, source.algorithm.empty() ? default_algorithm : std::string_view(source.algorithm));
    key.algorithm_ = choose_algorithm(source, material, use, default_algorithm);
    const std::string other_use = is_for_encryption(use) ? "sig" : "enc";
    if (material.use == other_use) {
      throw KeyProblem("is a JWK whose \"use\" is \"" + other_use +
                       "\", which does not fit this setting");
    }
    if (!fits(*key.algorithm_, material.pkey.get())) {
      throw KeyProblem("is " + found(material.pkey.get()) + ", but " +
                       std::string(key.algorithm_->name) + " needs " + wanted(*key.algorithm_) +
                       " (" + way_out(material.pkey.get(), *key.algorithm_) + ')');
    }
    if (material.pkey) {
      key.check_asymmetric(use);
    } else {
      key.check_secret(use);
    }
    if (key.algorithm_->digest != nullptr) {
      key.parts_->digest.reset(EVP_MD_fetch(nullptr, key.algorithm_->digest, nullptr));
      ensure(key.parts_->digest != nullptr, key.algorithm_->digest);
    }
    if (material.is_private) key.check_pair();
    if (!material.warning.empty()) key.warning_ = described(name, source) + ' ' + material.warning;
    if (material.is_private && is_readable_by_all(source.file)) {
      key.warning_ = described(name, source) +
                     " holds a secret that everybody on this machine can read: chmod o= it";
    }

    key.kid_ = source.kid.empty() ? material.kid : source.kid;
    key.has_own_kid_ = !key.kid_.empty();
    if (!key.has_own_kid_ && material.pkey) key.kid_ = thumbprint(material.pkey.get());
  } catch (const KeyProblem& problem) {
    throw SettingsError(described(name, source) + ' ' + problem.what());
  } catch (const CryptoError& error) {
    throw SettingsError(described(name, source) + " cannot be used: " + error.what());
  }
  boost::json::object header{{"alg", key.algorithm_->name}, {"typ", "JWT"}};
  if (key.has_own_kid_) header["kid"] = key.kid_;
  key.jws_header_ = base64url_encode(dump_ascii(header));
  return key;
}

const std::string& Key::secret() const {
  return parts_->material.secret;
}

boost::json::object Key::public_jwk() const {
  if (!parts_->material.pkey) return {};
  boost::json::object jwk = public_members(parts_->material.pkey.get());
  jwk["use"] = algorithm_->is_encryption() ? "enc" : "sig";
  jwk["alg"] = algorithm_->name;
  jwk["kid"] = kid_;
  return jwk;
}

}  // namespace jwt_auth
