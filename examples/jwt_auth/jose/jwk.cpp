#include "jose/base64url.hpp"
#include "jose/json.hpp"
#include "jose/key_material.hpp"

#include <array>
#include <optional>
#include <vector>

#include <openssl/core_names.h>

namespace jwt_auth {
namespace {

using Jwk = boost::json::object;

/// The decoded member; nullopt if it is absent.
std::optional<std::string> bytes_member(const Jwk& jwk, std::string_view name) {
  if (!jwk.contains(name)) return std::nullopt;
  const auto* text = string_member(jwk, name);
  auto bytes = text == nullptr ? std::nullopt : base64url_decode(*text);
  if (!bytes || bytes->empty()) {
    throw KeyProblem("has a JWK whose \"" + std::string(name) + "\" is not base64url");
  }
  return bytes;
}

std::string needed_member(const Jwk& jwk, std::string_view name) {
  auto bytes = bytes_member(jwk, name);
  if (!bytes) throw KeyProblem("has a JWK without \"" + std::string(name) + "\"");
  return *std::move(bytes);
}

std::string said(const Jwk& jwk, std::string_view name) {
  if (!jwk.contains(name)) return {};
  const auto* text = string_member(jwk, name);
  if (text == nullptr)
    throw KeyProblem("has a JWK whose \"" + std::string(name) + "\" is not a string");
  return std::string(*text);
}

/// Collects the numbers of a key, and keeps them until the key is made.
class Numbers {
 public:
  Numbers() : builder_(OSSL_PARAM_BLD_new()) { ensure(builder_ != nullptr, "memory"); }

  void add(const char* name, const std::string& bytes) {
    const Bytes view = bytes_of(bytes);
    OwnedNumber number(BN_bin2bn(view.data(), static_cast<int>(view.size()), nullptr));
    ensure(number && OSSL_PARAM_BLD_push_BN(builder_.get(), name, number.get()) == 1, "a JWK");
    numbers_.push_back(std::move(number));
  }
  void add_group(const char* group) {
    ensure(OSSL_PARAM_BLD_push_utf8_string(builder_.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
           "a JWK");
  }
  /// `point` must outlive make_key().
  void add_point(const std::string& point) {
    ensure(OSSL_PARAM_BLD_push_octet_string(builder_.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                            point.size()) == 1,
           "a JWK");
  }

  OwnedKey make_key(const char* type, bool is_private) const {
    const OwnedParams params(OSSL_PARAM_BLD_to_param(builder_.get()));
    const OwnedKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    ensure(params && context && EVP_PKEY_fromdata_init(context.get()) == 1, "a JWK");
    const int selection = is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    EVP_PKEY* pkey = nullptr;
    if (EVP_PKEY_fromdata(context.get(), &pkey, selection, params.get()) != 1) {
      throw KeyProblem("has a JWK whose numbers do not form a key (" + openssl_reason() + ")");
    }
    return OwnedKey(pkey);
  }

 private:
  OwnedParamBuilder builder_;
  std::vector<OwnedNumber> numbers_;
};

void read_rsa(const Jwk& jwk, KeyMaterial& material) {
  Numbers numbers;
  numbers.add(OSSL_PKEY_PARAM_RSA_N, needed_member(jwk, "n"));
  numbers.add(OSSL_PKEY_PARAM_RSA_E, needed_member(jwk, "e"));
  if (jwk.contains("oth")) throw KeyProblem("has a JWK with more than two primes");
  if (const auto exponent = bytes_member(jwk, "d")) {
    material.is_private = true;
    numbers.add(OSSL_PKEY_PARAM_RSA_D, *exponent);
    // All of them or none (RFC 7518 section 6.3.2): they only make the key faster.
    if (jwk.contains("p")) {
      numbers.add(OSSL_PKEY_PARAM_RSA_FACTOR1, needed_member(jwk, "p"));
      numbers.add(OSSL_PKEY_PARAM_RSA_FACTOR2, needed_member(jwk, "q"));
      numbers.add(OSSL_PKEY_PARAM_RSA_EXPONENT1, needed_member(jwk, "dp"));
      numbers.add(OSSL_PKEY_PARAM_RSA_EXPONENT2, needed_member(jwk, "dq"));
      numbers.add(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, needed_member(jwk, "qi"));
    }
  }
  material.pkey = numbers.make_key("RSA", material.is_private);
}

struct Curve {
  std::string_view name;
  const char* group;
  std::size_t bytes;
};
constexpr std::array<Curve, 3> kCurves{
    {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}}};

std::string coordinate(const Jwk& jwk, std::string_view name, const Curve& curve) {
  std::string bytes = needed_member(jwk, name);
  if (bytes.size() != curve.bytes) {
    throw KeyProblem("has a JWK whose \"" + std::string(name) + "\" does not have " +
                     std::to_string(curve.bytes) + " bytes, which " + std::string(curve.name) +
                     " needs");
  }
  return bytes;
}

void read_ec(const Jwk& jwk, KeyMaterial& material) {
  const std::string name = said(jwk, "crv");
  for (const Curve& curve : kCurves) {
    if (curve.name != name) continue;
    Numbers numbers;
    numbers.add_group(curve.group);
    const std::string point = '\4' + coordinate(jwk, "x", curve) + coordinate(jwk, "y", curve);
    numbers.add_point(point);
    material.is_private = jwk.contains("d");
    if (material.is_private) numbers.add(OSSL_PKEY_PARAM_PRIV_KEY, coordinate(jwk, "d", curve));
    material.pkey = numbers.make_key("EC", material.is_private);
    return;
  }
  throw KeyProblem("has a JWK on the curve \"" + name + "\"; P-256, P-384 and P-521 are supported");
}

void read_okp(const Jwk& jwk, KeyMaterial& material) {
  if (const std::string name = said(jwk, "crv"); name != "Ed25519") {
    throw KeyProblem("has a JWK on the curve \"" + name + "\"; Ed25519 is supported");
  }
  const std::string point = needed_member(jwk, "x");
  const auto seed = bytes_member(jwk, "d");
  material.is_private = seed.has_value();
  const Bytes raw = bytes_of(seed ? *seed : point);
  const auto make = seed ? EVP_PKEY_new_raw_private_key_ex : EVP_PKEY_new_raw_public_key_ex;
  material.pkey.reset(make(nullptr, "ED25519", nullptr, raw.data(), raw.size()));
  if (!material.pkey) {
    throw KeyProblem("has a JWK that is not an Ed25519 key (" + openssl_reason() + ")");
  }
  if (*string_member(public_members(material.pkey.get()), "x") != base64url_encode(point)) {
    throw KeyProblem("has a JWK whose \"x\" does not match its \"d\"");
  }
}

}  // namespace

KeyMaterial read_jwk(const Jwk& jwk) {
  if (jwk.contains("keys")) {
    throw KeyProblem("is a set of JWKs; put the one to use into a file of its own");
  }
  KeyMaterial material;
  material.kid = said(jwk, "kid");
  material.algorithm = said(jwk, "alg");
  material.use = said(jwk, "use");
  const std::string type = said(jwk, "kty");
  if (type == "oct") {
    material.secret = needed_member(jwk, "k");
    material.is_private = true;
  } else if (type == "RSA") {
    read_rsa(jwk, material);
  } else if (type == "EC") {
    read_ec(jwk, material);
  } else if (type == "OKP") {
    read_okp(jwk, material);
  } else {
    throw KeyProblem("has a JWK of type \"" + type + "\"; oct, RSA, EC and OKP are supported");
  }
  return material;
}

}  // namespace jwt_auth
