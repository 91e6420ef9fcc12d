#include "admin/rotate_key.hpp"

#include "admin/config_edit.hpp"
#include "admin/failure.hpp"
#include "admin/new_file.hpp"
#include "admin/new_key.hpp"
#include "jose/key.hpp"
#include "passwords/passwords.hpp"
#include "tokens/token.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <utility>

namespace jwt_auth::admin {

namespace fs = std::filesystem;

const char* const kRotateFooter =
    "Three steps, each followed by a reload of the server (HUP). During a reload old and new\n"
    "workers serve side by side: all of them must know a key before any signs with it.\n"
    "  rotate-key                 makes a key in a file beside the old one; it only verifies yet\n"
    "  rotate-key --activate KID  signs with that key; the old one still verifies. First wait\n"
    "                             five minutes if others read /.well-known/jwks.json\n"
    "  rotate-key --retire KID    removes the old key; wait until its last token has expired\n"
    "Each step says what to change in the configuration. With --write it makes the change,\n"
    "keeps everything else, comments included, and saves the old file as FILE.old.";

namespace {

KeySet keys_of(const Settings& settings) {
  return {settings.signing_key, settings.verifying_keys};
}

Settings with(Settings settings, const KeySet& keys) {
  settings.signing_key = keys.signing;
  settings.verifying_keys = keys.verifying;
  return settings;
}

std::string token_of(const TokenService& service) {
  return service.encode(service.make(TokenType::kRefresh, Clock::now()));
}

/// Throws Failure if `reader` would refuse tokens of `issuer`.
void require_good(const Settings& issuer, const Settings& reader, const std::string& what) {
  try {
    const TokenService from(issuer);
    TokenService(reader).decode(token_of(from), Clock::now());
  } catch (const TokenError& error) {
    throw Failure(what + ": " + error.what());
  } catch (const SettingsError& error) {
    throw Failure(error.what());
  }
}

std::string fresh_kid(Time now) {
  std::string letters = random_letters(64);
  std::erase_if(letters, [](char c) { return c < 'a' || c > 'z'; });
  return utc_text(now).substr(0, 10) + '-' + letters.substr(0, 4);
}

/// The kid that the key's tokens carry; a JWK may bring its own. Empty: none.
std::string kid_of(const KeySource& source, const Settings& settings) {
  try {
    const Key key = Key::load(source, "app", KeyUse::kVerifying, settings.algorithm);
    return key.has_own_kid() ? key.kid() : "";
  } catch (const SettingsError& error) {
    throw Failure(error.what());
  }
}

void check_kid(const std::string& kid, const KeySet& keys, const Settings& settings) {
  constexpr std::size_t kLengthMax = 64;
  const bool is_good =
      !kid.empty() && kid.size() <= kLengthMax && kid.front() != '.' &&
      kid.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
          std::string::npos;
  if (!is_good) {
    throw Failure("a kid has 1 to 64 letters, digits and -_.", ExitCode::kBadUsage);
  }
  const auto has_it = [&](const KeySource& key) { return kid_of(key, settings) == kid; };
  if (has_it(keys.signing) || std::any_of(keys.verifying.begin(), keys.verifying.end(), has_it)) {
    throw Failure("key \"" + kid + "\" already exists");
  }
}

/// Makes the key; its file is on the disk on return.
KeySource make_key_file(Tool& tool, const std::string& kid) {
  const Settings& settings = tool.settings();
  const KeySource& old_key = settings.signing_key;
  const std::string algorithm = old_key.algorithm.empty() ? settings.algorithm : old_key.algorithm;
  const bool is_secret = algorithm.starts_with("HS");
  const fs::path folder = old_key.file.empty() ? fs::path(tool.config().path).parent_path()
                                               : fs::path(old_key.file).parent_path();
  KeySource key;
  key.file = (folder / ("jwt-" + kid + (is_secret ? ".jwk" : ".pem"))).string();
  key.kid = kid;
  key.algorithm = old_key.algorithm;
  write_secret_file(tool.absolute(key.file), make_key(algorithm, kid),
                    tool.owner_of_files(old_key.file.empty() ? tool.config().path : old_key.file));
  std::cout << "made " << key.file << ", a key for " << algorithm << '\n';
  return key;
}

/// Removes the key from the list. Throws Failure if it is not there.
KeySource take(std::vector<KeySource>& keys, const std::string& kid, const Settings& settings) {
  const auto found = std::find_if(
      keys.begin(), keys.end(), [&](const KeySource& key) { return kid_of(key, settings) == kid; });
  if (found == keys.end()) {
    throw Failure("app.verifying_keys has no key with the kid \"" + kid + '"');
  }
  KeySource key = *found;
  keys.erase(found);
  return key;
}

seconds longest_lifetime(const Settings& settings) {
  return std::max({settings.access_token_lifetime, settings.refresh_token_lifetime,
                   settings.sliding_token_refresh_lifetime + settings.sliding_token_lifetime,
                   settings.client_token_lifetime}) +
         settings.leeway;
}

/// A command to paste: with the configuration's path, and with --write if this call had it.
std::string next_command(Tool& tool, const std::string& step, bool is_to_write) {
  return "jwt_auth_admin -c " + tool.config().path + " rotate-key " + step +
         (is_to_write ? " --write" : "");
}

std::string retirement_of(Tool& tool, const KeySource& old_key, bool is_to_write) {
  const Settings& settings = tool.settings();
  return "after " + utc_text(stored_now() + longest_lifetime(settings)) + " remove the old key: " +
         next_command(tool, "--retire " + kid_of(old_key, settings), is_to_write);
}

void apply(Tool& tool, const KeySet& keys, bool is_to_write) {
  const ConfigFile& config = tool.config();
  const std::string by_hand = "In the section \"app\" of " + config.path + " it must say:\n\n" +
                              key_section(keys, "  ", Secrets::kHidden) + '\n';
  if (!is_to_write) {
    std::cout << by_hand;
    return;
  }
  try {
    replace_file(config.path, with_keys(config.text, config.path, keys), config.id);
  } catch (const Failure&) {
    std::cout << by_hand;
    throw;
  }
  std::cout << "changed " << config.path << " (before: " << config.path << ".old)\n";
}

void say_next(const std::string& text) {
  std::cout << "Then reload the server (kill -HUP its master), check its log, and " << text << '\n';
}

/// The old key, which now only verifies. Tokens without a kid are tried with every key, so a key
/// without a kid may get one here; --retire needs it.
KeySource demoted(KeySource key, const std::string& successor, const Settings& settings) {
  if (kid_of(key, settings).empty()) key.kid = "before-" + successor;
  return key;
}

void announce(Tool& tool, const RotateOptions& options) {
  const Settings& settings = tool.settings();
  KeySet keys = keys_of(settings);
  const std::string kid = options.kid.empty() ? fresh_kid(stored_now()) : options.kid;
  check_kid(kid, keys, settings);
  const KeySource fresh = make_key_file(tool, kid);
  if (options.at_once) {
    keys.verifying.push_back(demoted(std::exchange(keys.signing, fresh), kid, settings));
  } else {
    keys.verifying.push_back(fresh);
  }
  require_good(settings, with(settings, keys), "tokens of the old key would no longer be valid");
  apply(tool, keys, options.write);
  if (options.at_once) {
    say_next(retirement_of(tool, keys.verifying.back(), options.write));
  } else {
    say_next("sign with the new key: " + next_command(tool, "--activate " + kid, options.write));
  }
}

void activate(Tool& tool, const RotateOptions& options) {
  const Settings& settings = tool.settings();
  KeySet keys = keys_of(settings);
  const KeySource fresh = take(keys.verifying, options.activate, settings);
  const KeySource old_key = demoted(std::exchange(keys.signing, fresh), options.activate, settings);
  keys.verifying.push_back(old_key);
  require_good(settings, with(settings, keys), "tokens of the old key would no longer be valid");
  require_good(with(settings, keys), settings,
               "workers from before the reload do not know the new key");
  apply(tool, keys, options.write);
  say_next(retirement_of(tool, old_key, options.write));
}

void retire(Tool& tool, const RotateOptions& options) {
  const Settings& settings = tool.settings();
  KeySet keys = keys_of(settings);
  if (kid_of(keys.signing, settings) == options.retire) {
    throw Failure("key \"" + options.retire + "\" is the signing key; activate another one first");
  }
  const KeySource old_key = take(keys.verifying, options.retire, settings);
  require_good(settings, with(settings, keys), "current tokens would no longer be valid");
  apply(tool, keys, options.write);
  std::cout << "After the reload, tokens of this key are refused. ";
  say_next(old_key.file.empty() ? "destroy its secret." : "delete " + old_key.file + '.');
}

}  // namespace

void rotate_key(Tool& tool, const RotateOptions& options) {
  if (!options.kid.empty() && !(options.activate.empty() && options.retire.empty())) {
    throw Failure("--kid names a new key, and this step makes none", ExitCode::kBadUsage);
  }
  if (!options.activate.empty()) return activate(tool, options);
  if (!options.retire.empty()) return retire(tool, options);
  announce(tool, options);
}

}  // namespace jwt_auth::admin
