#include "admin/decode_command.hpp"

#include "admin/acting_as.hpp"
#include "admin/failure.hpp"
#include "jose/base64url.hpp"
#include "jose/compact.hpp"
#include "jose/header.hpp"
#include "jose/json.hpp"
#include "store/store.hpp"
#include "text/text.hpp"
#include "tokens/token.hpp"

#include <algorithm>
#include <charconv>
#include <iomanip>
#include <iostream>

namespace jwt_auth::admin {
namespace {

namespace json = boost::json;

constexpr int kNameWidth = 12;

/// Prints a name and its text in two columns. A text from a token is ASCII by then and has no line
/// end.
void print(std::string_view name, std::string_view text) {
  std::cout << "  " << std::left << std::setw(kNameWidth) << name << ' ' << text << '\n';
}

std::optional<json::object> object_of(std::string_view segment) {
  const auto bytes = base64url_decode(segment);
  return bytes ? parse_object(*bytes) : std::nullopt;
}

/// "2 hours": in the largest unit that fits.
std::string rough(std::int64_t count) {
  struct Unit {
    std::int64_t seconds;
    const char* name;
  };
  for (const Unit unit : {Unit{86'400, "day"}, Unit{3'600, "hour"}, Unit{60, "minute"}}) {
    if (count < unit.seconds) continue;
    const std::int64_t whole = count / unit.seconds;
    return std::to_string(whole) + ' ' + unit.name + (whole == 1 ? "" : "s");
  }
  return std::to_string(count) + (count == 1 ? " second" : " seconds");
}

std::string explain_time(std::int64_t time, Time now) {
  constexpr std::int64_t kYear9999 = 253'402'300'799;
  if (time < 0 || time > kYear9999) return "";
  const std::int64_t ahead = time - std::chrono::floor<seconds>(now).time_since_epoch().count();
  return "  = " + utc_text(Time(seconds(time))) +
         (ahead >= 0 ? ", in " + rough(ahead) : ", " + rough(-ahead) + " ago");
}

void print_claims(const json::object& claims, Time now) {
  std::cout << "Claims\n";
  for (const auto& claim : claims) {
    const std::string_view name = claim.key();
    std::string text = dump_ascii(claim.value());
    const bool is_time = name == "exp" || name == "iat" || name == "nbf" || name == "refresh_exp";
    const auto* number = claim.value().if_int64();
    if (is_time && number != nullptr) text += explain_time(*number, now);
    const std::string quoted = dump_ascii(json::value(name));
    print(quoted.substr(1, quoted.size() - 2), text);
  }
}

/// The same keys as in TokenService, whose own are private.
KeyRing signature_keys(const Settings& settings) {
  KeyRing ring;
  ring.add(
      Key::load(settings.signing_key, "app.signing_key", KeyUse::kSigning, settings.algorithm));
  for (std::size_t i = 0; i < settings.verifying_keys.size(); ++i) {
    ring.add(Key::load(settings.verifying_keys[i], "app.verifying_keys." + std::to_string(i),
                       KeyUse::kVerifying, settings.algorithm));
  }
  return ring;
}

KeyRing decryption_keys(const Settings& settings) {
  KeyRing ring;
  ring.add(Key::load(settings.encryption_key, "app.encryption_key", KeyUse::kEncrypting, {}));
  for (std::size_t i = 0; i < settings.decryption_keys.size(); ++i) {
    ring.add(Key::load(settings.decryption_keys[i], "app.decryption_keys." + std::to_string(i),
                       KeyUse::kDecrypting, {}));
  }
  return ring;
}

std::string explain_signature(std::string_view token, const Settings& settings) {
  const auto segments = split_token<3>(token);
  const auto header = segments ? read_header((*segments)[0]) : std::nullopt;
  if (!header) return "the header is not that of a signed token";
  const KeyHint hint = hint_of(*header);
  const std::string_view input(token.data(), token.rfind('.'));
  std::string verifier;
  const KeyRing ring = signature_keys(settings);
  ring.any(hint, [&](const Key& key) {
    if (key.verifies(input, (*segments)[2])) verifier = key.name();
    return !verifier.empty();
  });
  if (!verifier.empty()) return "good, by " + verifier;
  const auto& keys = ring.keys();
  const bool is_algorithm_known = std::any_of(keys.begin(), keys.end(), [&](const Key& key) {
    return key.algorithm().name == hint.algorithm;
  });
  if (!is_algorithm_known) return "no configured key is for its algorithm";
  return "by none of the configured keys";
}

/// The signed token inside, or the token itself. Empty: it cannot be decrypted.
std::string without_encryption(const std::string& token, const Settings& settings) {
  if (!split_token<5>(token)) return token;
  if (!settings.encrypt) throw Failure("the token is encrypted, and app.encrypt is off");
  return decrypt_compact(decryption_keys(settings), token).value_or("");
}

/// What the service would ask its database. Throws TokenError.
void ask_database(const Settings& settings, const Claims& claims) {
  Store store(settings.database);
  const auto type = settings.token_type_claim
                        ? TokenService::text_of(claims, *settings.token_type_claim)
                        : std::nullopt;
  const auto jti =
      settings.jti_claim ? TokenService::text_of(claims, *settings.jti_claim) : std::nullopt;
  const auto user_id = TokenService::text_of(claims, settings.user_id_claim);
  if (user_id) {
    std::optional<User> user;
    std::int64_t id = 0;
    if (settings.user_id_field == "username") {
      user = store.user_by_name(*user_id);
    } else if (const char* end = user_id->data() + user_id->size();
               std::from_chars(user_id->data(), end, id).ptr == end) {
      user = store.user_by_id(id);
    }
    print("User", !user             ? "does not exist"
                  : user->is_active ? printable(user->username) + ", active"
                                    : printable(user->username) + ", inactive");
  }
  if (jti && settings.token_blacklist && type != "access" && store.is_blacklisted(*jti)) {
    throw TokenError("Token is blacklisted");
  }
}

/// Throws Failure for a token that is not good.
void judge(Tool& tool, const std::string& token) {
  const Settings& settings = tool.settings();
  const TokenService tokens(settings);
  std::cout << "Verdict\n";
  const std::string signed_token = without_encryption(token, settings);
  if (signed_token.empty()) throw Failure("not good: encrypted for none of the configured keys");
  print("Signature", explain_signature(signed_token, settings));
  try {
    const Claims claims = tokens.decode(token, Clock::now());
    tokens.verify(claims, std::nullopt);
    try {
      const ActingAs rights(tool.whom_the_database_is_opened_as());
      ask_database(settings, claims);
    } catch (const StoreUnavailable& error) {
      print("Database", std::string("not checked: ") + error.what());
    } catch (const Failure& failure) {
      print("Database", std::string("not checked: ") + failure.what());
    }
    print("Token", "good");
  } catch (const TokenError& error) {
    print("Token", std::string("not good: ") + error.what());
    throw Failure(error.what());
  }
}

std::string read_token(const std::string& argument) {
  if (argument != "-") return argument;
  std::string token;
  std::cin >> token;
  return token;
}

}  // namespace

void decode_token(Tool& tool, const std::string& argument) {
  const std::string token = read_token(argument);
  if (token.size() > kTokenBytesMax) throw Failure("too long for a token");
  const auto header = object_of(token.substr(0, token.find('.')));
  const auto dots = std::count(token.begin(), token.end(), '.');
  if (!header || (dots != 2 && dots != 4)) {
    throw Failure(
        "not a token: it must have three or five base64url segments separated by dots, "
        "the first one a JSON object");
  }
  std::cout << "Header\n";
  for (const auto& member : *header) {
    const std::string name = dump_ascii(json::value(member.key()));
    print(name.substr(1, name.size() - 2), dump_ascii(member.value()));
  }
  std::string signed_token = token;
  if (dots == 4) signed_token = without_encryption(token, tool.settings());
  const std::size_t begin = signed_token.find('.') + 1;
  const auto claims = object_of(signed_token.substr(begin, signed_token.rfind('.') - begin));
  if (claims) {
    print_claims(*claims, stored_now());
  } else {
    std::cout << "Claims\n  cannot be read\n";
  }
  std::cout.flush();
  judge(tool, token);
}

}  // namespace jwt_auth::admin
