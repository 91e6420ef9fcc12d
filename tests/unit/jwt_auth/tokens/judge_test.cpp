#include "jose/base64url.hpp"
#include "support/keys.hpp"
#include "tokens/token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jwt_auth {
namespace {

constexpr std::int64_t kNow = 1795318110;
// Well into the second, so that int() and floor() cannot be confused.
const Clock::time_point kTime = Clock::time_point(seconds(kNow)) + std::chrono::milliseconds(700);

Settings basic_settings() {
  Settings settings;
  settings.signing_key.secret = kTestSecret;
  return settings;
}

std::string at(std::int64_t offset) {
  return std::to_string(kNow + offset);
}

/// "" if the token is good, else the message.
std::string judge_token(std::string_view token, const Settings& settings) {
  try {
    TokenService(settings).decode(token, kTime);
    return {};
  } catch (const TokenError& error) {
    return error.what();
  }
}

/// Judges a correctly signed token with these claims.
std::string judge(std::string_view payload, const Settings& settings = basic_settings()) {
  return judge_token(forged(R"({"alg":"HS256","typ":"JWT"})", payload), settings);
}

constexpr const char* kInvalid = "Token is invalid";
constexpr const char* kExpired = "Token is expired";

TEST(DecodeToken, ReturnsTheClaims) {
  const TokenService service(basic_settings());
  Claims claims = service.make(TokenType::kAccess, kTime);
  service.add_user(claims, "1", "");
  EXPECT_EQ(service.decode(service.encode(claims), kTime), claims);
}

std::string with_jti(const std::string& jti) {
  return R"({"exp":)" + at(1) + R"(,"jti":")" + jti + R"("})";
}

TEST(DecodeToken, RefusesAJtiThatCouldNotBeRevoked) {
  std::string wide;
  for (int i = 0; i < 255; ++i) wide += "é";
  for (const std::string& good : {std::string(255, 'x'), wide, std::string()}) {
    EXPECT_EQ(judge(with_jti(good)), "") << good;
  }
  Settings keeps_none = basic_settings();
  keeps_none.token_blacklist = false;
  for (const std::string& bad : {std::string(256, 'x'), wide + "é", std::string("a\\u0000b")}) {
    EXPECT_EQ(judge(with_jti(bad)), kInvalid) << bad;
    EXPECT_EQ(judge(with_jti(bad), keeps_none), "") << bad;
  }
  Settings other_claim = basic_settings();
  other_claim.jti_claim = "id";
  EXPECT_EQ(judge(with_jti(std::string(256, 'x')), other_claim), "");
}

TEST(DecodeToken, JudgesExp) {
  EXPECT_EQ(judge(R"({"exp":)" + at(1) + '}'), "");
  EXPECT_EQ(judge(R"({"exp":)" + at(0) + '}'), kExpired);
  EXPECT_EQ(judge(R"({"exp":)" + at(-1) + '}'), kExpired);
  EXPECT_EQ(judge(R"({"exp":)" + at(1) + ".9}"), "");
  EXPECT_EQ(judge(R"({"exp":)" + at(0) + ".9}"), kExpired);
  EXPECT_EQ(judge("{}"), "");
  EXPECT_EQ(judge(R"({"exp":1.795318111e9})"), "");
  for (const char* past :
       {"0", "-1", "-0", "true", "false", "-1e300", "-9223372036854775808", "0.5", "1e-400"}) {
    EXPECT_EQ(judge(R"({"exp":)" + std::string(past) + '}'), kExpired) << past;
  }
}

TEST(DecodeToken, RefusesAnExpThatIsNotATime) {
  EXPECT_EQ(judge(R"({"exp":253402300799})"), "");
  for (const char* exp :
       {"null", "\"soon\"", "\"1795318200\"", "[]", "{}", "1e400", "-1e400", "1e300",
        "253402300800", "9223372036854775807", "18446744073709551615", "99999999999999999999999",
        "NaN", "Infinity", "-Infinity", "01", "0x7fffffff"}) {
    EXPECT_EQ(judge(R"({"exp":)" + std::string(exp) + '}'), kInvalid) << exp;
  }
}

TEST(DecodeToken, RefusesATokenThatIsNotYetValid) {
  for (const std::string name : {"iat", "nbf"}) {
    const std::string head = "{\"" + name + "\":";
    EXPECT_EQ(judge(head + at(0) + '}'), "");
    EXPECT_EQ(judge(head + at(0) + ".9}"), "");
    EXPECT_EQ(judge(head + at(1) + '}'), kInvalid);
    EXPECT_EQ(judge(head + "-5}"), "");
    for (const char* other : {"null", "\"1\"", "[1]", "1e300", "253402300800"}) {
      EXPECT_EQ(judge(head + other + '}'), kInvalid) << name << other;
    }
    // checked before exp
    EXPECT_EQ(judge(head + at(1) + R"(,"exp":1})"), kInvalid);
  }
}

TEST(DecodeToken, AllowsLeeway) {
  Settings settings = basic_settings();
  settings.leeway = seconds(10);
  EXPECT_EQ(judge(R"({"exp":)" + at(-9) + '}', settings), "");
  EXPECT_EQ(judge(R"({"exp":)" + at(-10) + '}', settings), kExpired);
  EXPECT_EQ(judge(R"({"iat":)" + at(10) + '}', settings), "");
  EXPECT_EQ(judge(R"({"iat":)" + at(11) + '}', settings), kInvalid);
  EXPECT_EQ(judge(R"({"nbf":)" + at(10) + '}', settings), "");
}

TEST(DecodeToken, RequiresTheIssuer) {
  Settings settings = basic_settings();
  settings.issuer = "me";
  EXPECT_EQ(judge(R"({"iss":"me"})", settings), "");
  for (const char* payload : {"{}", R"({"iss":"you"})", R"({"iss":["me"]})", R"({"iss":null})"}) {
    EXPECT_EQ(judge(payload, settings), kInvalid) << payload;
  }
  EXPECT_EQ(judge(R"({"iss":"you","exp":1})", settings), kExpired);
  EXPECT_EQ(judge(R"({"iss":5})"), "");
}

TEST(DecodeToken, RequiresOneOfTheAudiences) {
  Settings settings = basic_settings();
  settings.audience = {"a", "b"};
  for (const char* payload : {R"({"aud":"a"})", R"({"aud":["x","b"]})"}) {
    EXPECT_EQ(judge(payload, settings), "") << payload;
  }
  for (const char* payload : {"{}", R"({"aud":"c"})", R"({"aud":[]})", R"({"aud":["a",1]})",
                              R"({"aud":null})", R"({"aud":{"a":1}})", R"({"aud":""})"}) {
    EXPECT_EQ(judge(payload, settings), kInvalid) << payload;
  }
  EXPECT_EQ(judge(R"({"aud":["anyone"]})"), "");
}

TEST(DecodeToken, RequiresStringsForSubAndJti) {
  EXPECT_EQ(judge(R"({"sub":"1","jti":""})"), "");
  for (const char* payload :
       {R"({"sub":1})", R"({"sub":null})", R"({"jti":1})", R"({"jti":null})", R"({"jti":["x"]})"}) {
    EXPECT_EQ(judge(payload), kInvalid) << payload;
  }
  EXPECT_EQ(judge(R"({"jti":1,"exp":1})"), kExpired);
}

TEST(DecodeToken, RefusesAPayloadThatIsNotAnObject) {
  for (const char* payload :
       {"", "null", "[]", "\"x\"", "5", "{", "{}x", "{}{}", R"({"a":1,"a":1})",
        R"({"user_id":"1","user_id":"2"})", R"({"x":{"a":1,"a":2}})", R"({"x":[{"a":1,"a":2}]})",
        R"({"a":1,})", "{'a':1}", "{\"a\":\"\xff\"}", "{\"a\":\"\n\"}", R"({"a":"\ud800"})",
        "\xef\xbb\xbf{}"}) {
    EXPECT_EQ(judge(payload), kInvalid) << payload;
  }
  EXPECT_EQ(judge(R"( {"a" : {"b":1},"b":1} )"), "");
}

TEST(DecodeToken, DeepAndLongTokensAreHarmless) {
  for (const std::size_t depth : {100U, 10'000U, 20'000U}) {
    const std::string deep = R"({"a":)" + std::string(depth, '[') + std::string(depth, ']') + '}';
    EXPECT_EQ(judge(deep), kInvalid) << depth;
  }
  EXPECT_EQ(judge(R"({"a":")" + std::string(40'000, 'x') + "\"}"), "");
  EXPECT_EQ(judge(R"({"a":")" + std::string(1 << 20, 'x') + "\"}"), kInvalid);
  EXPECT_EQ(judge_token(std::string(1 << 20, 'x'), basic_settings()), kInvalid);
}

TEST(DecodeToken, RefusesOtherKeys) {
  Settings other = basic_settings();
  other.signing_key.secret = std::string(32, 'x');
  const TokenService service(other);
  const std::string token = service.encode(service.make(TokenType::kAccess, kTime));
  EXPECT_EQ(judge_token(token, basic_settings()), kInvalid);
  Settings rotated = basic_settings();
  rotated.verifying_keys = {other.signing_key};
  EXPECT_EQ(judge_token(token, rotated), "");
}

class EncryptedToken : public testing::TestWithParam<std::string> {
 protected:
  static Settings settings_for(const std::string& algorithm) {
    Settings settings = basic_settings();
    settings.encrypt = true;
    settings.encryption_key = source_for(algorithm);
    return settings;
  }
};

TEST_P(EncryptedToken, CanBeDecoded) {
  const TokenService service(settings_for(GetParam()));
  const Claims claims = service.make(TokenType::kAccess, kTime);
  const std::string token = service.encode(claims);
  EXPECT_EQ(header_of(token), R"({"alg":")" + GetParam() + R"(","enc":"A256GCM","cty":"JWT"})");
  EXPECT_EQ(service.decode(token, kTime), claims);
  EXPECT_NE(service.encode(claims), token);
}

TEST_P(EncryptedToken, IsRefusedIfAnyByteChanges) {
  const Settings settings = settings_for(GetParam());
  const TokenService service(settings);
  const std::string token = service.encode(service.make(TokenType::kAccess, kTime));
  for (std::size_t i = 0; i < token.size(); i += 7) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_THROW(service.decode(changed, kTime), TokenError) << i;
    EXPECT_THROW(service.decode(token.substr(0, i), kTime), TokenError) << i;
  }
}

TEST_P(EncryptedToken, IsTheOnlyFormAccepted) {
  const Settings settings = settings_for(GetParam());
  const std::string plain = TokenService(basic_settings()).encode({{"exp", kNow + 5}});
  EXPECT_EQ(judge_token(plain, basic_settings()), "");
  EXPECT_EQ(judge_token(plain, settings), kInvalid);
  EXPECT_EQ(judge_token(TokenService(settings).encode({{"exp", kNow + 5}}), basic_settings()),
            kInvalid);
}

INSTANTIATE_TEST_SUITE_P(Tokens, EncryptedToken, testing::Values("dir", "RSA-OAEP-256"),
                         [](const auto& each) { return each.param == "dir" ? "dir" : "rsa"; });

TEST(EncryptedTokens, ARotatedKeyStillOpensThem) {
  Settings old_settings = basic_settings();
  old_settings.encrypt = true;
  old_settings.encryption_key = source_for("RSA-OAEP-256", "old");
  const std::string token = TokenService(old_settings).encode({{"exp", kNow + 5}});
  Settings settings = old_settings;
  settings.encryption_key = source_for("dir", "new");
  EXPECT_EQ(judge_token(token, settings), kInvalid);
  settings.decryption_keys = {old_settings.encryption_key};
  EXPECT_EQ(judge_token(token, settings), "");
}

/// "" if all is well, else the message.
std::string verify(const Claims& claims, std::optional<TokenType> type,
                   const Settings& settings = basic_settings()) {
  try {
    TokenService(settings).verify(claims, type);
    return {};
  } catch (const TokenError& error) {
    return error.what();
  }
}

TEST(VerifyToken, ComplainsInSimplejwtsOrder) {
  const auto type = TokenType::kAccess;
  EXPECT_EQ(verify({}, type), "Token has no 'exp' claim");
  EXPECT_EQ(verify({{"exp", 1}}, type), "Token has no id");
  EXPECT_EQ(verify({{"exp", 1}, {"jti", "x"}}, type), "Token has no type");
  for (const char* other : {"refresh", "sliding", "Access", ""}) {
    EXPECT_EQ(verify({{"exp", 1}, {"jti", "x"}, {"token_type", other}}, type),
              "Token has wrong type");
  }
  EXPECT_EQ(verify({{"exp", 1}, {"jti", "x"}, {"token_type", nullptr}}, type),
            "Token has wrong type");
  EXPECT_EQ(verify({{"exp", 1}, {"jti", "x"}, {"token_type", "access"}}, type), "");
}

TEST(VerifyToken, AcceptsAnyTypeIfNoneIsRequired) {
  EXPECT_EQ(verify({{"exp", 1}, {"jti", "x"}}, std::nullopt), "");
  EXPECT_EQ(verify({{"exp", 1}}, std::nullopt), "Token has no id");
}

TEST(VerifyToken, DoesNotMissClaimsThatAreOff) {
  Settings settings = basic_settings();
  settings.jti_claim = settings.token_type_claim = std::nullopt;
  EXPECT_EQ(verify({{"exp", 1}}, TokenType::kRefresh, settings), "");
  EXPECT_EQ(verify({}, TokenType::kRefresh, settings), "Token has no 'exp' claim");
}

TEST(VerifyRefreshExp, ComplainsAsSimplejwtDoes) {
  const auto verdict = [](const Claims& claims) -> std::string {
    try {
      TokenService(basic_settings()).verify_refresh_exp(claims, kTime);
      return {};
    } catch (const TokenError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(verdict({}), "Token has no 'refresh_exp' claim");
  EXPECT_EQ(verdict({{"refresh_exp", kNow}}), "Token 'refresh_exp' claim has expired");
  EXPECT_EQ(verdict({{"refresh_exp", kNow + 1}}), "");
  EXPECT_EQ(verdict({{"refresh_exp", "x"}}), kInvalid);
}

}  // namespace
}  // namespace jwt_auth
