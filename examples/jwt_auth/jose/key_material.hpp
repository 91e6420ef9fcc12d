// A key as it was found: in a secret, a PEM file or a JWK, before anything is asked of it.
#pragma once

#include "jose/openssl.hpp"

#include <boost/json/object.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace jwt_auth {

/// What is wrong with a key, without its name: "is encrypted with a passphrase (...)".
class KeyProblem : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// It may be a secret as it is.
class UnknownForm : public KeyProblem {
 public:
  using KeyProblem::KeyProblem;
};

struct KeyMaterial {
  std::string secret;  ///< of a symmetric key
  OwnedKey pkey;       ///< of every other
  bool is_private = false;
  std::string kid, algorithm, use;  ///< as a JWK says; empty: unsaid
  std::string warning;              ///< what the operator may not have meant; mostly empty
};

/// Throws KeyProblem.
KeyMaterial read_pem(std::string_view text);
/// RFC 7517, RFC 7518 section 6, RFC 8037. Throws KeyProblem.
KeyMaterial read_jwk(const boost::json::object& jwk);
/// Tells the two apart by the first byte that is no white space. Throws KeyProblem, and UnknownForm
/// for what is neither.
KeyMaterial read_key_text(std::string_view text);
/// Of a regular file alone: every worker reads it anew, and a pipe would be empty by then.
KeyMaterial read_key_file(const std::string& path);

/// The members that make the public key, in the order in which RFC 7638 hashes them.
boost::json::object public_members(EVP_PKEY* pkey);
/// The thumbprint of RFC 7638.
std::string thumbprint(EVP_PKEY* pkey);

}  // namespace jwt_auth
