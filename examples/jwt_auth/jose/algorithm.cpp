#include "jose/algorithm.hpp"

#include <algorithm>
#include <iterator>

namespace jwt_auth {
namespace {

using Kind = AlgorithmKind;

constexpr Algorithm kAlgorithms[] = {
    {"HS256", Kind::kHmac, "SHA256", 32, nullptr, {}, 0},
    {"HS384", Kind::kHmac, "SHA384", 48, nullptr, {}, 0},
    {"HS512", Kind::kHmac, "SHA512", 64, nullptr, {}, 0},
    {"RS256", Kind::kRsaPkcs1, "SHA256", 32, nullptr, {}, 0},
    {"RS384", Kind::kRsaPkcs1, "SHA384", 48, nullptr, {}, 0},
    {"RS512", Kind::kRsaPkcs1, "SHA512", 64, nullptr, {}, 0},
    {"PS256", Kind::kRsaPss, "SHA256", 32, nullptr, {}, 0},
    {"PS384", Kind::kRsaPss, "SHA384", 48, nullptr, {}, 0},
    {"PS512", Kind::kRsaPss, "SHA512", 64, nullptr, {}, 0},
    {"ES256", Kind::kEcdsa, "SHA256", 32, "prime256v1", "P-256", 32},
    {"ES384", Kind::kEcdsa, "SHA384", 48, "secp384r1", "P-384", 48},
    {"ES512", Kind::kEcdsa, "SHA512", 64, "secp521r1", "P-521", 66},
    {"EdDSA", Kind::kEd25519, nullptr, 0, nullptr, "Ed25519", 0},
    {"dir", Kind::kDirect, nullptr, 0, nullptr, {}, 0},
    {"RSA-OAEP-256", Kind::kRsaOaep, "SHA256", 32, nullptr, {}, 0},
};

}  // namespace

const Algorithm* find_algorithm(std::string_view name) {
  const auto* found = std::find_if(std::begin(kAlgorithms), std::end(kAlgorithms),
                                   [&](const Algorithm& each) { return each.name == name; });
  return found == std::end(kAlgorithms) ? nullptr : found;
}

std::span<const Algorithm> algorithms() {
  return kAlgorithms;
}

std::string_view signature_algorithms() {
  return "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 and "
         "EdDSA";
}

}  // namespace jwt_auth
