#include "jose/json.hpp"
#include "support/keys.hpp"
#include "tokens/token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

using testing::MatchesRegex;

constexpr std::int64_t kNow = 1795318110;
const Clock::time_point kTime{seconds(kNow)};

Settings basic_settings() {
  Settings settings;
  settings.signing_key.secret = kTestSecret;
  return settings;
}

std::string text(const Claims& claims) {
  return dump_ascii(claims);
}

/// Blanks the jti, which is different each time.
std::string without_jti(const Claims& claims, std::string_view name = "jti") {
  Claims blanked = claims;
  blanked[name] = "J";
  return text(blanked);
}

TEST(MakeToken, HasSimplejwtsClaimsInItsOrder) {
  const TokenService service(basic_settings());
  Claims access = service.make(TokenType::kAccess, kTime);
  service.add_user(access, "1", "pbkdf2");
  EXPECT_THAT(
      text(access),
      MatchesRegex(R"(\{"token_type":"access","exp":1795318410,"iat":1795318110,)"
                   R"("jti":"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}","user_id":"1"\})"));
  EXPECT_EQ(without_jti(service.make(TokenType::kRefresh, kTime)),
            R"({"token_type":"refresh","exp":1795404510,"iat":1795318110,"jti":"J"})");
  Claims sliding = service.make(TokenType::kSliding, kTime);
  service.add_user(sliding, "1", "pbkdf2");
  EXPECT_EQ(without_jti(sliding),
            R"({"token_type":"sliding","exp":1795318410,"iat":1795318110,"jti":"J",)"
            R"("refresh_exp":1795404510,"user_id":"1"})");
}

TEST(MakeToken, TruncatesTimeAndTakesAnotherLifetime) {
  const TokenService service(basic_settings());
  const auto late = kTime + std::chrono::milliseconds(999);
  EXPECT_EQ(without_jti(service.make(TokenType::kAccess, late, seconds(10))),
            R"({"token_type":"access","exp":1795318120,"iat":1795318110,"jti":"J"})");
}

TEST(MakeToken, GivesEachItsOwnJti) {
  const TokenService service(basic_settings());
  const auto first = service.make(TokenType::kAccess, kTime);
  const auto second = service.make(TokenType::kAccess, kTime);
  EXPECT_NE(TokenService::text_of(first, "jti"), TokenService::text_of(second, "jti"));
}

TEST(MakeToken, NamesAndSwitchesClaimsAsConfigured) {
  Settings settings = basic_settings();
  settings.token_type_claim = "kind";
  settings.jti_claim = "id";
  settings.user_id_claim = "uid";
  settings.check_revoke_token = true;
  TokenService service(settings);
  Claims claims = service.make(TokenType::kAccess, kTime);
  service.add_user(claims, "7", "abc");
  EXPECT_EQ(without_jti(claims, "id"),
            R"({"kind":"access","exp":1795318410,"iat":1795318110,"id":"J","uid":"7",)"
            R"("hash_password":"900150983CD24FB0D6963F7D28E17F72"})");
  settings.token_type_claim = settings.jti_claim = std::nullopt;
  EXPECT_EQ(text(TokenService(settings).make(TokenType::kAccess, kTime)),
            R"({"exp":1795318410,"iat":1795318110})");
}

TEST(EncodeToken, HasTheExactHeaderAndClaims) {
  const TokenService service(basic_settings());
  const std::string token = service.encode(
      *parse_object("{\"exp\":1,\"name\":\"J\xc3\xb6rg \xf0\x9f\x98\x80\",\"f\":1.0,\"n\":null}"));
  EXPECT_EQ(header_of(token), R"({"alg":"HS256","typ":"JWT"})");
  EXPECT_EQ(payload_of(token), R"({"exp":1,"name":"J\u00f6rg \ud83d\ude00","f":1.0,"n":null})");
}

TEST(EncodeToken, AppendsAudienceAndIssuer) {
  Settings settings = basic_settings();
  settings.audience = {"a"};
  settings.issuer = "https://x";
  EXPECT_EQ(payload_of(TokenService(settings).encode(*parse_object(R"({"exp":1})"))),
            R"({"exp":1,"aud":"a","iss":"https://x"})");
  settings.audience = {"a", "b"};
  EXPECT_EQ(payload_of(TokenService(settings).encode(*parse_object(R"({"aud":"z","exp":1})"))),
            R"({"aud":["a","b"],"exp":1,"iss":"https://x"})");
}

TEST(AccessFromRefresh, CopiesAllOtherClaims) {
  const TokenService service(basic_settings());
  const Claims refresh = *parse_object(
      R"({"a":1.5,"token_type":"refresh","exp":5,"iat":6,"jti":"x","user_id":"1","b":[{}],"iss":"i"})");
  EXPECT_EQ(without_jti(service.access_from_refresh(refresh, kTime)),
            R"({"token_type":"access","exp":1795318410,"iat":1795318110,"jti":"J",)"
            R"("a":1.5,"user_id":"1","b":[{}],"iss":"i"})");
  EXPECT_NE(service.access_from_refresh(refresh, kTime).at("jti"), "x");
}

TEST(AccessFromRefresh, LeavesOutBothNamesOfTheJti) {
  Settings settings = basic_settings();
  settings.jti_claim = "id";
  const Claims refresh = *parse_object(R"({"jti":"x","id":"y","user_id":"1"})");
  EXPECT_EQ(without_jti(TokenService(settings).access_from_refresh(refresh, kTime), "id"),
            R"({"token_type":"access","exp":1795318410,"iat":1795318110,"id":"J","user_id":"1"})");
}

TEST(RotatedToken, KeepsTheOrderOfClaims) {
  const TokenService service(basic_settings());
  const Claims refresh =
      *parse_object(R"({"token_type":"refresh","exp":5,"iat":6,"jti":"x","user_id":"1","z":true})");
  const Claims rotated = service.rotated(refresh, kTime);
  EXPECT_EQ(without_jti(rotated), R"({"token_type":"refresh","exp":1795404510,"iat":1795318110,)"
                                  R"("jti":"J","user_id":"1","z":true})");
  EXPECT_NE(rotated.at("jti"), "x");
}

TEST(SlidToken, KeepsJtiAndRefreshExp) {
  const TokenService service(basic_settings());
  const Claims sliding = *parse_object(
      R"({"token_type":"sliding","exp":5,"iat":6,"jti":"x","refresh_exp":9,"user_id":"1"})");
  EXPECT_EQ(text(service.slid(sliding, kTime)),
            R"({"token_type":"sliding","exp":1795318410,"iat":1795318110,"jti":"x",)"
            R"("refresh_exp":9,"user_id":"1"})");
}

TEST(TextOfClaim, TellsAnAbsentClaimFromOneWithoutText) {
  const Claims claims = *parse_object(
      R"({"s":"x","i":-7,"u":18446744073709551615,"d":2.0,"f":0.5,"n":null,"b":true,"l":[1]})");
  EXPECT_EQ(TokenService::text_of(claims, "none"), std::nullopt);
  EXPECT_EQ(TokenService::text_of(claims, "s"), "x");
  EXPECT_EQ(TokenService::text_of(claims, "i"), "-7");
  EXPECT_EQ(TokenService::text_of(claims, "u"), "18446744073709551615");
  EXPECT_EQ(TokenService::text_of(claims, "d"), "2");
  EXPECT_EQ(TokenService::text_of(claims, "f"), "0.5");
  for (const char* name : {"n", "b", "l"}) EXPECT_EQ(TokenService::text_of(claims, name), "");
}

TEST(Jwks, HasOnlyPublicKeys) {
  EXPECT_EQ(TokenService(basic_settings()).jwks(), R"({"keys":[]})");
  Settings settings;
  settings.signing_key = source_for("EdDSA");
  settings.verifying_keys = {source_for("HS256"), source_for("RS256", "old")};
  const auto jwks = parse_object(TokenService(settings).jwks());
  const auto& keys = jwks->at("keys").as_array();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_THAT(dump_ascii(keys[0]),
              MatchesRegex(R"(\{"crv":"Ed25519","kty":"OKP","x":"[^"]{43}","use":"sig",)"
                           R"("alg":"EdDSA","kid":"[^"]{43}"\})"));
  EXPECT_THAT(dump_ascii(keys[1]),
              MatchesRegex(R"(\{"e":"AQAB","kty":"RSA","n":"[^"]{342}","use":"sig",)"
                           R"("alg":"RS256","kid":"old"\})"));
}

}  // namespace
}  // namespace jwt_auth
