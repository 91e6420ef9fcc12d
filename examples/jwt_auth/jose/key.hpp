// A key that fits its algorithm: it signs and verifies, and gives its public part. Read-only once
// loaded, on any thread. Load it after the fork, in the process that uses it.
#pragma once

#include "jose/algorithm.hpp"
#include "settings/settings.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/types.h>

namespace jwt_auth {

enum class KeyUse { kSigning, kVerifying, kEncrypting, kDecrypting };

class Key {
 public:
  /// `name`: the setting, for messages: "app.signing_key". `default_algorithm`: used where neither
  /// the source nor its JWK names one; for an encryption key it may be empty: then the key decides.
  /// Throws SettingsError.
  static Key load(const KeySource& source, std::string_view name, KeyUse use,
                  std::string_view default_algorithm);
  Key(Key&&) noexcept;
  Key& operator=(Key&&) noexcept;
  ~Key();

  const std::string& name() const { return name_; }
  const Algorithm& algorithm() const { return *algorithm_; }
  /// The configured kid or the thumbprint of RFC 7638; empty for a secret without a kid.
  const std::string& kid() const { return kid_; }
  /// The kid was configured, or is in the JWK: tokens carry it.
  bool has_own_kid() const { return has_own_kid_; }
  /// A warning for the operator; mostly empty.
  const std::string& warning() const { return warning_; }
  /// The first segment of every token that the key signs.
  const std::string& jws_header() const { return jws_header_; }

  std::string sign(std::string_view input) const;
  bool verifies(std::string_view input, std::string_view signature_base64url) const;

  /// RSA-OAEP-256: encrypts or decrypts the content key; nullopt: not for this key.
  std::string wrap(std::string_view content_key) const;
  std::optional<std::string> unwrap(std::string_view wrapped) const;
  /// dir: the content key itself.
  const std::string& secret() const;

  /// Empty for a secret.
  boost::json::object public_jwk() const;

 private:
  struct Parts;
  Key();
  void check_asymmetric(KeyUse use) const;
  void check_secret(KeyUse use);
  void check_pair() const;

  std::string name_, kid_, jws_header_, warning_;
  bool has_own_kid_ = false;
  const Algorithm* algorithm_ = nullptr;
  std::unique_ptr<Parts> parts_;
};

}  // namespace jwt_auth
