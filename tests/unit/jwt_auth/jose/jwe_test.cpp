#include "jose/base64url.hpp"
#include "jose/compact.hpp"
#include "jose/header.hpp"
#include "support/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

using testing::Optional;

constexpr std::string_view kInner = "a.b.c";

Key encryption_key(const char* algorithm, std::string kid = {}) {
  return Key::load(source_for(algorithm, std::move(kid)), "app.k", KeyUse::kEncrypting, {});
}

KeyRing decryption_ring(const char* algorithm) {
  return ring_of(source_for(algorithm), KeyUse::kDecrypting);
}

TEST(Encrypt, CanBeDecryptedWithEitherKindOfKey) {
  for (const char* algorithm : {"dir", "RSA-OAEP-256"}) {
    const std::string token = encrypt_compact(encryption_key(algorithm), kInner);
    EXPECT_THAT(decrypt_compact(decryption_ring(algorithm), token), Optional(std::string(kInner)));
  }
  EXPECT_EQ(header_of(encrypt_compact(encryption_key("dir", "7"), kInner)),
            R"({"alg":"dir","enc":"A256GCM","cty":"JWT","kid":"7"})");
}

TEST(Encrypt, HasTheSegmentsOfItsAlgorithm) {
  const auto direct = split_token<5>(encrypt_compact(encryption_key("dir"), kInner));
  ASSERT_TRUE(direct);
  EXPECT_EQ((*direct)[1], "");
  EXPECT_EQ((*direct)[2].size(), 16U);
  EXPECT_EQ((*direct)[4].size(), 22U);
}

TEST(Decrypt, RefusesAnotherKey) {
  const std::string token = encrypt_compact(encryption_key("dir"), kInner);
  EXPECT_EQ(
      decrypt_compact(ring_of({std::string(32, 'x'), {}, {}, {}}, KeyUse::kDecrypting), token),
      std::nullopt);
  EXPECT_EQ(decrypt_compact(decryption_ring("RSA-OAEP-256"), token), std::nullopt);
  const KeyRing other = ring_of(file_source(new_private_pem("RSA", nullptr)), KeyUse::kDecrypting);
  EXPECT_EQ(decrypt_compact(other, encrypt_compact(encryption_key("RSA-OAEP-256"), kInner)),
            std::nullopt);
}

TEST(Decrypt, RefusesHeadersItDoesNotUnderstand) {
  const KeyRing ring = decryption_ring("dir");
  for (const std::string_view header :
       {R"({"alg":"dir","enc":"A128GCM","cty":"JWT"})", R"({"alg":"dir","cty":"JWT"})",
        R"({"alg":"A256KW","enc":"A256GCM","cty":"JWT"})", R"({"alg":"dir","enc":"A256GCM"})",
        R"({"alg":"dir","enc":"A256GCM","cty":"JWT","zip":"DEF"})",
        R"({"alg":"dir","enc":"A256GCM","cty":"JWT","crit":["exp"]})",
        R"({"alg":"RSA1_5","enc":"A256GCM","cty":"JWT"})"}) {
    std::string token = encrypt_compact(encryption_key("dir"), kInner);
    token.replace(0, token.find('.'), base64url_encode(header));
    EXPECT_EQ(decrypt_compact(ring, token), std::nullopt) << header;
  }
}

TEST(Decrypt, RefusesWhatIsNotFiveSegments) {
  const KeyRing ring = decryption_ring("dir");
  const std::string token = encrypt_compact(encryption_key("dir"), kInner);
  for (const std::string& other : {std::string(), std::string("...."), std::string("....."),
                                   token + '.', token + ".x", token.substr(0, token.rfind('.')),
                                   std::string(1 << 20, '.'), token + std::string(1 << 20, 'A')}) {
    EXPECT_EQ(decrypt_compact(ring, other), std::nullopt);
  }
}

TEST(Decrypt, RefusesShortenedTagsAndFilledKeys) {
  const KeyRing ring = decryption_ring("dir");
  const std::string token = encrypt_compact(encryption_key("dir"), kInner);
  const auto segments = *split_token<5>(token);
  const auto joined = [&](std::string_view key, std::string_view iv, std::string_view tag) {
    std::string text(segments[0]);
    for (const std::string_view each : {key, iv, segments[3], tag})
      text.append(1, '.').append(each);
    return text;
  };
  EXPECT_TRUE(decrypt_compact(ring, joined("", segments[2], segments[4])));
  EXPECT_FALSE(decrypt_compact(ring, joined("AAAA", segments[2], segments[4])));
  EXPECT_FALSE(decrypt_compact(ring, joined("", segments[2], segments[4].substr(0, 16))));
  EXPECT_FALSE(decrypt_compact(ring, joined("", segments[2], "")));
  EXPECT_FALSE(decrypt_compact(ring, joined("", "", segments[4])));
}

}  // namespace
}  // namespace jwt_auth
