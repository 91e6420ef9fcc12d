#include "jose/compact.hpp"

#include "jose/base64url.hpp"
#include "jose/header.hpp"
#include "support/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

using testing::Optional;

constexpr std::string_view kPayload = R"({"user_id":"1"})";

class EveryAlgorithm : public testing::TestWithParam<std::string> {};

TEST_P(EveryAlgorithm, VerifiesWhatItSigned) {
  const Key key = signing_key(GetParam());
  const std::string token = sign_compact(key, kPayload);
  EXPECT_THAT(verify_compact(ring_of(source_for(GetParam())), token),
              Optional(std::string(kPayload)));
  EXPECT_EQ(header_of(token), R"({"alg":")" + GetParam() + R"(","typ":"JWT"})");
}

TEST_P(EveryAlgorithm, VerifiesWithOnlyThePublicPart) {
  if (GetParam().starts_with("HS")) return;
  const std::string token = sign_compact(signing_key(GetParam()), kPayload);
  const KeyRing ring = ring_of(file_source(public_pem(private_pem(GetParam())), GetParam()));
  EXPECT_THAT(verify_compact(ring, token), Optional(std::string(kPayload)));
}

TEST_P(EveryAlgorithm, RefusesAnyChangedByte) {
  const KeyRing ring = ring_of(source_for(GetParam()));
  const std::string token = sign_compact(signing_key(GetParam()), kPayload);
  // RSA would need a second for all places. A step that shares no factor with 4 reaches every place
  // within a group of characters.
  for (std::size_t i = 0; i < token.size(); i += 7) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(verify_compact(ring, changed), std::nullopt) << i;
  }
}

TEST_P(EveryAlgorithm, RefusesOtherSignatureSizes) {
  const KeyRing ring = ring_of(source_for(GetParam()));
  const std::string token = sign_compact(signing_key(GetParam()), kPayload);
  const std::string unsigned_part = token.substr(0, token.rfind('.') + 1);
  for (const std::size_t size : {0U, 1U, 31U, 63U, 64U, 65U, 132U, 256U, 2048U, 2049U}) {
    const std::string zeros = base64url_encode(std::string(size, '\0'));
    EXPECT_EQ(verify_compact(ring, unsigned_part + zeros), std::nullopt) << size;
  }
  for (std::size_t i = 0; i < token.size(); i += 5) {
    EXPECT_EQ(verify_compact(ring, token.substr(0, i)), std::nullopt) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Compact, EveryAlgorithm,
                         testing::Values("HS256", "HS384", "HS512", "RS256", "RS384", "RS512",
                                         "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
                                         "EdDSA"),
                         [](const auto& each) { return each.param; });

TEST(Compact, EcdsaSignaturesHaveAFixedSize) {
  // About one of 128 signatures has an r or s with a leading zero.
  const Key key = signing_key("ES256");
  for (int i = 0; i < 300; ++i) EXPECT_EQ(key.sign(std::to_string(i)).size(), 64U);
  EXPECT_EQ(signing_key("ES512").sign("x").size(), 132U);
}

TEST(Compact, RefusesTheAlgorithmNone) {
  const KeyRing ring = ring_of(source_for("HS256"));
  for (const std::string_view name : {"none", "None", "NONE", "nOnE", ""}) {
    const std::string header = R"({"alg":")" + std::string(name) + R"(","typ":"JWT"})";
    const std::string input = base64url_encode(header) + '.' + base64url_encode(kPayload) + '.';
    EXPECT_EQ(verify_compact(ring, input), std::nullopt) << name;
    EXPECT_EQ(verify_compact(ring, forged(header, kPayload)), std::nullopt) << name;
  }
}

TEST(Compact, RefusesAnAlgorithmOtherThanTheKeys) {
  EXPECT_EQ(
      verify_compact(ring_of(source_for("HS256")), sign_compact(signing_key("HS512"), kPayload)),
      std::nullopt);
  EXPECT_EQ(
      verify_compact(ring_of(source_for("RS256")), sign_compact(signing_key("PS256"), kPayload)),
      std::nullopt);
  EXPECT_EQ(verify_compact(ring_of(source_for("HS512")), forged(R"({"alg":"HS512"})", kPayload)),
            std::nullopt);
}

TEST(Compact, RefusesAPublicKeyAsHmacSecret) {
  const std::string pem = public_pem(private_pem("RS256"));
  const std::string jwk = R"({"kty":"oct","k":")" + base64url_encode(pem) + "\"}";
  const Key forger = Key::load(file_source(jwk, "HS256"), "app.key", KeyUse::kSigning, {});
  EXPECT_EQ(verify_compact(ring_of(file_source(pem, "RS256")), sign_compact(forger, kPayload)),
            std::nullopt);
}

TEST(Compact, RefusesHeadersItDoesNotUnderstand) {
  const KeyRing ring = ring_of(source_for("HS256"));
  EXPECT_TRUE(verify_compact(ring, forged(R"({"alg":"HS256"})", kPayload)));
  EXPECT_TRUE(verify_compact(ring, forged(R"({"typ":"at+jwt","x":[1],"alg":"HS256"})", kPayload)));
  for (const std::string_view header :
       {R"({"alg":"HS256","crit":["exp"],"exp":1})", R"({"alg":"HS256","crit":[]})",
        R"({"alg":"HS256","b64":false})", R"({"alg":"HS256","kid":1})",
        R"({"alg":"HS256","kid":null})", R"({"alg":["HS256"]})", R"({"typ":"JWT"})",
        R"({"alg":"HS256","alg":"HS256"})", R"({"alg":"none","alg":"HS256"})", R"(["HS256"])",
        R"("HS256")", "null", "", "{", R"({"alg":"hs256"})", R"({"alg":"HS256"} x)"}) {
    EXPECT_EQ(verify_compact(ring, forged(header, kPayload)), std::nullopt) << header;
  }
}

TEST(Compact, RefusesWhatIsNotThreeSegments) {
  const KeyRing ring = ring_of(source_for("HS256"));
  const std::string token = sign_compact(signing_key("HS256"), kPayload);
  for (const std::string& other :
       {std::string(), std::string("."), std::string(".."), std::string("..."), token + '.',
        token + ".x", '.' + token, token + "=", token + ' ', ' ' + token, token + '\n',
        token.substr(0, token.rfind('.')), std::string(1 << 20, 'A'), std::string(1 << 20, '.'),
        token + std::string(1 << 20, 'A')}) {
    EXPECT_EQ(verify_compact(ring, other), std::nullopt) << other.substr(0, 80);
  }
}

TEST(Compact, DeepHeadersAreHarmless) {
  const std::string deep =
      R"({"alg":"HS256","x":)" + std::string(10000, '[') + std::string(10000, ']') + '}';
  EXPECT_EQ(verify_compact(ring_of(source_for("HS256")), forged(deep, kPayload)), std::nullopt);
}

TEST(Compact, NamesAConfiguredKeyInTheHeader) {
  EXPECT_EQ(header_of(sign_compact(signing_key("HS256", "a\"\xc3\xa9"), kPayload)),
            R"({"alg":"HS256","typ":"JWT","kid":"a\"\u00e9"})");
  EXPECT_EQ(header_of(sign_compact(signing_key("EdDSA", "2026"), kPayload)),
            R"({"alg":"EdDSA","typ":"JWT","kid":"2026"})");
}

/// Two secrets; the first is the current one.
struct Rotation {
  Rotation(std::string current_kid, std::string old_kid) {
    add(std::string(32, 'c'), std::move(current_kid));
    add(std::string(32, 'o'), std::move(old_kid));
  }
  void add(std::string secret, std::string kid) {
    ring.add(Key::load({std::move(secret), {}, std::move(kid), "HS256"},
                       "app.key" + std::to_string(ring.keys().size()), KeyUse::kSigning, {}));
  }
  bool takes(char secret, std::string kid) const {
    const Key key = Key::load({std::string(32, secret), {}, std::move(kid), "HS256"}, "app.key",
                              KeyUse::kSigning, {});
    return verify_compact(ring, sign_compact(key, kPayload)).has_value();
  }
  KeyRing ring;
};

TEST(KeyRing, TriesAllKeysWithoutKids) {
  const Rotation keys("", "");
  EXPECT_TRUE(keys.takes('c', ""));
  EXPECT_TRUE(keys.takes('o', ""));
  EXPECT_TRUE(keys.takes('o', "named-elsewhere"));
  EXPECT_FALSE(keys.takes('x', ""));
}

TEST(KeyRing, TriesOnlyTheNamedKeyIfKeysHaveKids) {
  const Rotation keys("new", "old");
  EXPECT_TRUE(keys.takes('c', "new"));
  EXPECT_TRUE(keys.takes('o', "old"));
  EXPECT_FALSE(keys.takes('o', "new"));
  EXPECT_FALSE(keys.takes('c', "gone"));
}

TEST(KeyRing, StillAcceptsTokensWithoutKidWhenKeysGetKids) {
  const Rotation keys("new", "old");
  EXPECT_TRUE(keys.takes('c', ""));
  EXPECT_TRUE(keys.takes('o', ""));
  EXPECT_FALSE(keys.takes('x', ""));
}

TEST(KeyRing, AnUnknownKidMayMeanAKeyWithoutOne) {
  const Rotation keys("new", "");
  EXPECT_TRUE(keys.takes('o', "named-elsewhere"));
  EXPECT_TRUE(keys.takes('o', ""));
  EXPECT_FALSE(keys.takes('c', "named-elsewhere"));
  EXPECT_FALSE(keys.takes('o', "new"));
}

TEST(KeyRing, RefusesARepeatedKid) {
  Rotation keys("a", "b");
  try {
    keys.add(std::string(32, 'x'), "b");
    FAIL();
  } catch (const SettingsError& error) {
    EXPECT_STREQ(
        error.what(),
        "app.key2 has the same kid \"b\" as app.key1; each key needs its own kid, and none "
        "needs to be listed twice");
  }
}

}  // namespace
}  // namespace jwt_auth
