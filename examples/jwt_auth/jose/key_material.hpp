// A key as it was found, in a secret, a PEM file or a JWK, before any check for its use.
#pragma once

#include "jose/openssl.hpp"

#include <boost/json/object.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace jwt_auth {

/// The problem with a key, without the key's name: "is encrypted with a passphrase (...)".
class KeyProblem : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The text is in no known form; it may be a secret.
class UnknownForm : public KeyProblem {
 public:
  using KeyProblem::KeyProblem;
};

struct KeyMaterial {
  std::string secret;  ///< for a symmetric key
  OwnedKey pkey;       ///< for every other key
  bool is_private = false;
  std::string kid, algorithm, use;  ///< as in the JWK; empty: not given
  std::string warning;              ///< what the operator may not have intended; mostly empty
};

/// Throws KeyProblem.
KeyMaterial read_pem(std::string_view text);
/// RFC 7517, RFC 7518 section 6, RFC 8037. Throws KeyProblem.
KeyMaterial read_jwk(const boost::json::object& jwk);
/// Recognises PEM or JWK by the first byte that is not white space. Throws KeyProblem; throws
/// UnknownForm for a text that is neither.
KeyMaterial read_key_text(std::string_view text);
/// Regular files only: every worker reads the file again, and a pipe would be empty by then.
KeyMaterial read_key_file(const std::string& path);

/// The members of the public key, in the order in which RFC 7638 hashes them.
boost::json::object public_members(EVP_PKEY* pkey);
/// The thumbprint of RFC 7638.
std::string thumbprint(EVP_PKEY* pkey);

}  // namespace jwt_auth
