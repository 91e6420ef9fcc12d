#include "settings/settings.hpp"

#include "settings/reader.hpp"
#include "settings/values.hpp"
#include "text/text.hpp"

#include <algorithm>

namespace jwt_auth {
namespace {

constexpr std::uint32_t kIterationsMin = 1'000;

/// Django's "HTTP_X_TOKEN" and "X-Token" both give "x-token".
std::string field_name(const std::string& text) {
  std::string name = lower_case(text);
  if (text.starts_with("HTTP_")) {
    name.erase(0, 5);
    std::replace(name.begin(), name.end(), '_', '-');
  }
  return name;
}

bool is_token(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char character) {
    return character > ' ' && character < 0x7f && character != ',' && character != ':';
  });
}

void read_tokens(SettingsReader& reader, Settings& settings) {
  constexpr seconds kLeast(1);
  reader.read("access_token_lifetime", settings.access_token_lifetime, kLeast);
  reader.read("refresh_token_lifetime", settings.refresh_token_lifetime, kLeast);
  reader.read("sliding_token_lifetime", settings.sliding_token_lifetime, kLeast);
  reader.read("sliding_token_refresh_lifetime", settings.sliding_token_refresh_lifetime, kLeast);
  reader.read("client_token_lifetime", settings.client_token_lifetime, kLeast);
  reader.read("rotate_refresh_tokens", settings.rotate_refresh_tokens);
  reader.read("blacklist_after_rotation", settings.blacklist_after_rotation);
  reader.read("token_blacklist", settings.token_blacklist);
  reader.read("rotation_grace", settings.rotation_grace);
  reader.read("leeway", settings.leeway);
  reader.read("audience", settings.audience);
  reader.read("issuer", settings.issuer);
}

/// In simplejwt the blacklist is an app that may not be installed; then only the rotation remains,
/// so that is a warning. A grace without its rotation, our own setting, can only be a mistake.
void check_rotation(SettingsReader& reader, Settings& settings) {
  if (settings.blacklist_after_rotation && !settings.token_blacklist) {
    settings.warnings.emplace_back(
        "app.blacklist_after_rotation has no effect while app.token_blacklist is off: a rotated "
        "refresh "
        "token stays valid");
  }
  const bool voids_tokens = settings.rotate_refresh_tokens && settings.blacklist_after_rotation &&
                            settings.token_blacklist;
  if (settings.rotation_grace > seconds(0) && !voids_tokens) {
    reader.note("rotation_grace",
                "has no effect without rotate_refresh_tokens, blacklist_after_rotation and "
                "token_blacklist: the old refresh token stays valid anyway");
  }
}

void read_claims(SettingsReader& reader, Settings& settings) {
  reader.read("user_id_claim", settings.user_id_claim);
  reader.read("token_type_claim", settings.token_type_claim);
  reader.read("jti_claim", settings.jti_claim);
  reader.read("sliding_token_refresh_exp_claim", settings.sliding_token_refresh_exp_claim);
  reader.read("check_revoke_token", settings.check_revoke_token);
  reader.read("revoke_token_claim", settings.revoke_token_claim);
  struct Claim {
    std::string_view setting;
    const std::string& name;
  };
  const std::string none = "-";
  const Claim claims[] = {
      {"user_id_claim", settings.user_id_claim},
      {"token_type_claim", settings.token_type_claim ? *settings.token_type_claim : none},
      {"jti_claim", settings.jti_claim ? *settings.jti_claim : none},
      {"sliding_token_refresh_exp_claim", settings.sliding_token_refresh_exp_claim},
      {"revoke_token_claim", settings.revoke_token_claim}};
  std::map<std::string_view, std::string_view> settings_of;
  for (const Claim& claim : claims) {
    if (claim.name.empty()) reader.note(claim.setting, "must not be empty");
    // One claim would overwrite the other in every token.
    const auto [first, is_new] = settings_of.emplace(claim.name, claim.setting);
    if (!is_new && !claim.name.empty() && claim.name != none) {
      reader.note(claim.setting,
                  "and " + std::string(first->second) + " are both \"" + claim.name + '"');
    }
    for (const std::string_view taken : {"exp", "iat", "nbf", "aud", "iss"}) {
      if (claim.name == taken) {
        reader.note(claim.setting,
                    "cannot be \"" + claim.name + "\": that claim has a meaning of its own");
      }
    }
  }
}

void read_users(SettingsReader& reader, Settings& settings) {
  reader.read("update_last_login", settings.update_last_login);
  reader.read("check_user_is_active", settings.check_user_is_active);
  reader.read("stateless", settings.stateless);
  reader.read("login_rate", settings.login_rate);
  reader.read("password_iterations", settings.password_iterations, kIterationsMin);
  reader.read("user_id_field", settings.user_id_field);
  if (settings.user_id_field != "id" && settings.user_id_field != "username") {
    reader.note("user_id_field", "must be \"id\" or \"username\"");
  }
  if (settings.stateless && (settings.check_revoke_token || !settings.check_user_is_active)) {
    settings.warnings.emplace_back(
        "app.check_revoke_token and app.check_user_is_active have no effect on protected pages "
        "while app.stateless is on: those pages do not ask the database");
  }
}

void read_authentication(SettingsReader& reader, Settings& settings) {
  reader.read("auth_header_types", settings.auth_header_types);
  if (settings.auth_header_types.empty() ||
      !std::all_of(settings.auth_header_types.begin(), settings.auth_header_types.end(),
                   is_token)) {
    reader.note("auth_header_types", "must be words, such as \"Bearer\"");
  }
  reader.read("auth_header_name", settings.auth_header_name);
  settings.auth_header_name = field_name(settings.auth_header_name);
  if (!is_token(settings.auth_header_name)) {
    reader.note("auth_header_name", "must be the name of a header field");
  }
  if (settings.auth_header_name.find('_') != std::string::npos) {
    settings.warnings.emplace_back("app.auth_header_name \"" + settings.auth_header_name +
                                   "\" has an underscore: the server drops such fields unless "
                                   "header_map is \"dangerous\"");
  }
  reader.read("auth_token_classes", settings.auth_token_classes);
  for (std::string& type : settings.auth_token_classes) {
    if (type.ends_with(".AccessToken")) type = "access";
    if (type.ends_with(".SlidingToken")) type = "sliding";
    if (type != "access" && type != "sliding") {
      reader.note("auth_token_classes",
                  "may contain \"access\" and \"sliding\", not \"" + type + '"');
    }
  }
  if (settings.auth_token_classes.empty()) reader.note("auth_token_classes", "must not be empty");
}

void check_key(SettingsReader& reader, std::string_view name, const KeySource& key,
               std::string_view of_a_file) {
  if (!key.is_missing()) return;
  reader.note(name, std::string(reader.has(name) ? "does not name a key" : "is missing")
                        .append(": give a secret (make one with: openssl rand -hex 32), ")
                        .append(of_a_file)
                        .append(", {file: private.pem}, or an environment variable that holds "
                                "either, {environment: NAME}"));
}

void read_keys(SettingsReader& reader, Settings& settings) {
  reader.read("algorithm", settings.algorithm);
  reader.read("signing_key", settings.signing_key);
  reader.read("verifying_keys", settings.verifying_keys);
  reader.read("encrypt", settings.encrypt);
  reader.read("encryption_key", settings.encryption_key);
  reader.read("decryption_keys", settings.decryption_keys);
  check_key(reader, "signing_key", settings.signing_key, "for a public-key algorithm a file");
  if (settings.encrypt) {
    check_key(reader, "encryption_key", settings.encryption_key, "an RSA key");
  }
  if (!settings.encrypt && (reader.has("encryption_key") || !settings.decryption_keys.empty())) {
    reader.note("encryption_key", "is given, but \"encrypt\" is off: set encrypt: true");
  }
}

void read_paths(SettingsReader& reader, Settings& settings) {
  reader.read("path_prefix", settings.path_prefix);
  if (!settings.path_prefix.starts_with('/') || !settings.path_prefix.ends_with('/')) {
    reader.note("path_prefix", "must start and end with a slash, as \"/api/token/\" does");
  }
  // A route is compared with the decoded path: the characters that end a path or escape a byte
  // never match.
  if (settings.path_prefix.find_first_of("?#%") != std::string::npos) {
    reader.note("path_prefix", "must be a plain path without \"?\", \"#\" and \"%\"");
  }
  // A redirect to such a path would lead to another host.
  if (settings.path_prefix.starts_with("//")) {
    reader.note("path_prefix", "must not start with two slashes");
  }
}

}  // namespace

Settings read_settings(const SettingsMap& map) {
  Settings settings;
  SettingsReader reader(map);
  read_tokens(reader, settings);
  check_rotation(reader, settings);
  read_claims(reader, settings);
  read_users(reader, settings);
  read_authentication(reader, settings);
  read_keys(reader, settings);
  read_paths(reader, settings);
  settings.database.connection = "jwt_auth.sqlite3";
  reader.read_database(settings.database);
  reader.finish();
  return settings;
}

}  // namespace jwt_auth
