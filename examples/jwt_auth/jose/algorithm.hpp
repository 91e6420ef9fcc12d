// The algorithms of RFC 7518 and RFC 8037 that the service supports, and what each needs of its
// key.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace jwt_auth {

enum class AlgorithmKind { kHmac, kRsaPkcs1, kRsaPss, kEcdsa, kEd25519, kDirect, kRsaOaep };

struct Algorithm {
  std::string_view name;
  AlgorithmKind kind;
  const char* digest;        ///< OpenSSL's name; null where the algorithm includes one
  std::size_t digest_bytes;  ///< for an HMAC also the least size of its secret
  const char* group;         ///< ECDSA: OpenSSL's name of the curve
  std::string_view curve;    ///< as a JWK names it
  std::size_t field_bytes;   ///< ECDSA: the size of r, of s and of a coordinate

  bool is_symmetric() const {
    return kind == AlgorithmKind::kHmac || kind == AlgorithmKind::kDirect;
  }
  bool is_rsa() const {
    return kind == AlgorithmKind::kRsaPkcs1 || kind == AlgorithmKind::kRsaPss ||
           kind == AlgorithmKind::kRsaOaep;
  }
  bool is_encryption() const {
    return kind == AlgorithmKind::kDirect || kind == AlgorithmKind::kRsaOaep;
  }
};

/// Null for an unknown name. Case matters, as in RFC 7515.
const Algorithm* find_algorithm(std::string_view name);

std::span<const Algorithm> algorithms();

/// The algorithms that sign: "HS256, HS384, ...".
std::string_view signature_algorithms();

}  // namespace jwt_auth
