#include "admin/account_commands.hpp"

#include "admin/failure.hpp"
#include "admin/password_source.hpp"
#include "passwords/passwords.hpp"
#include "store/accounts.hpp"
#include "store/queries.hpp"
#include "text/text.hpp"

#include <algorithm>
#include <iostream>

namespace jwt_auth::admin {
namespace {

constexpr std::size_t kUsernameMax = 150;
constexpr std::size_t kEmailMax = 254;
constexpr std::size_t kClientIdMax = 255;
constexpr std::size_t kComfortableLength = 8;

std::size_t characters_of(std::string_view text) {
  const auto is_first_byte = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_first_byte));
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Django's rule: letters of any alphabet, digits, and @/./+/-/_ only.
void check_username(const std::string& name) {
  const auto is_good = [](char c) {
    const bool is_ascii = static_cast<unsigned char>(c) < 0x80;
    return !is_ascii || is_word(c) || std::string_view("@.+-_").find(c) != std::string_view::npos;
  };
  if (name.empty() || characters_of(name) > kUsernameMax || !is_storable(name) ||
      !std::all_of(name.begin(), name.end(), is_good)) {
    throw Failure("a username has 1 to 150 letters, digits and @/./+/-/_", ExitCode::kBadUsage);
  }
}

void check_password(const std::string& password) {
  constexpr std::string_view kSpaces = " \t\r\n\v\f";
  if (password.empty()) throw Failure("the password is empty");
  if (!is_storable(password)) throw Failure("the password is not valid UTF-8");
  // REST framework strips white space from a login's password: nobody could log in with this one.
  if (kSpaces.find(password.front()) != std::string_view::npos ||
      kSpaces.find(password.back()) != std::string_view::npos) {
    throw Failure("the password begins or ends with white space, which a login strips");
  }
  if (characters_of(password) < kComfortableLength) {
    std::cerr << "warning: the password has fewer than 8 characters\n";
  }
}

std::string choose_password(const PasswordChoice& choice, const std::string& owner) {
  std::string password = choice.random       ? random_password()
                         : choice.from_stdin ? read_password()
                                             : ask_password("Password of " + printable(owner));
  check_password(password);
  return password;
}

void show_if_random(const PasswordChoice& choice, const std::string& password) {
  if (choice.random) std::cout << "password: " << password << '\n';
}

/// RFC 6749: scope-token is %x21 / %x23-5B / %x5D-7E.
std::string join_scopes(const std::vector<std::string>& scopes) {
  std::string joined;
  for (const std::string& scope : scopes) {
    const bool is_good = !scope.empty() && std::all_of(scope.begin(), scope.end(), [](char c) {
      return c >= 0x21 && c <= 0x7e && c != '"' && c != '\\';
    });
    if (!is_good) {
      throw Failure("a scope is one word of ASCII letters and signs without \" and \\",
                    ExitCode::kBadUsage);
    }
    joined.append(joined.empty() ? "" : " ").append(scope);
  }
  return joined;
}

[[noreturn]] void nobody(const std::string& name) {
  throw Failure("there is no user \"" + name + "\"");
}

}  // namespace

void create_user(Tool& tool, const UserOptions& options) {
  check_username(options.username);
  if (options.email.size() > kEmailMax || !is_storable(options.email)) {
    throw Failure("the e-mail address has more than 254 characters", ExitCode::kBadUsage);
  }
  const Settings& settings = tool.settings();
  const std::string password = choose_password(options.password, options.username);
  Accounts accounts(settings.database);
  const auto id = accounts.create_user(
      {options.username, make_password(password, settings.password_iterations), options.email,
       options.is_staff || options.is_superuser, options.is_superuser},
      stored_now());
  if (!id) throw Failure("user \"" + options.username + "\" already exists");
  std::cout << "user \"" << options.username << "\" created, id " << *id << '\n';
  show_if_random(options.password, password);
}

void change_password(Tool& tool, const UserOptions& options) {
  const Settings& settings = tool.settings();
  const std::string password = choose_password(options.password, options.username);
  Accounts accounts(settings.database);
  if (!accounts.set_password(options.username,
                             make_password(password, settings.password_iterations))) {
    nobody(options.username);
  }
  std::cout << "password of \"" << options.username << "\" changed\n";
  show_if_random(options.password, password);
  if (!settings.check_revoke_token) {
    std::cout << "Tokens issued before stay valid; revoke them with: jwt_auth_admin "
                 "revoke-all "
              << options.username << '\n';
  }
}

void set_user_active(Tool& tool, const std::string& username, bool is_active) {
  const Settings& settings = tool.settings();
  if (!Accounts(settings.database).set_active(username, is_active)) nobody(username);
  std::cout << "user \"" << username << "\" is " << (is_active ? "active" : "inactive") << '\n';
  if (is_active) return;
  if (settings.stateless) {
    std::cout << "Access tokens stay valid until they expire, because app.stateless is on.\n";
  }
  if (!settings.check_user_is_active) {
    std::cout << "Refresh tokens stay valid, because app.check_user_is_active is off; revoke them "
                 "with: jwt_auth_admin revoke-all "
              << username << '\n';
  }
}

void create_client(Tool& tool, const ClientOptions& options) {
  const std::string& id = options.client_id;
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f && c != ':'; };
  if (id.empty() || id.size() > kClientIdMax || !std::all_of(id.begin(), id.end(), is_visible)) {
    throw Failure("a client's id has 1 to 255 ASCII characters without spaces or colons",
                  ExitCode::kBadUsage);
  }
  const std::string scopes = join_scopes(options.scopes);
  const Settings& settings = tool.settings();
  constexpr std::size_t kSecretLength = 43;  // 256 bits
  const std::string secret =
      options.secret_from_stdin ? read_password() : random_letters(kSecretLength);
  check_password(secret);
  // A random secret cannot be guessed: a slow hash would only add cost to every request of the
  // client. A secret that a person chose is hashed like a password.
  constexpr std::uint32_t kIterationsOfRandom = 1;
  const std::uint32_t iterations =
      options.secret_from_stdin ? settings.password_iterations : kIterationsOfRandom;
  if (!Accounts(settings.database)
           .create_client({id, make_password(secret, iterations), scopes, true}, stored_now())) {
    throw Failure("client \"" + id + "\" already exists");
  }
  std::cout << "client \"" << id << "\" created\n";
  if (!options.secret_from_stdin) {
    std::cout << "secret: " << secret << "\nIt is not shown again; only its hash is stored.\n";
  }
}

void set_client_active(Tool& tool, const std::string& client_id, bool is_active) {
  if (!Accounts(tool.settings().database).set_client_active(client_id, is_active)) {
    throw Failure("there is no client \"" + client_id + "\"");
  }
  std::cout << "client \"" << client_id << "\" is " << (is_active ? "active" : "inactive") << '\n';
}

void revoke_all(Tool& tool, const std::string& username) {
  const Settings& settings = tool.settings();
  const auto count = Accounts(settings.database).revoke_all(username, stored_now());
  if (!count) nobody(username);
  std::cout << *count << (*count == 1 ? " token" : " tokens") << " of \"" << username
            << "\" revoked\nAccess tokens stay valid until they expire, for at most "
            << settings.access_token_lifetime.count() << " seconds.\n";
  if (!settings.token_blacklist) {
    std::cout << "warning: app.token_blacklist is off, the service does not check for revoked "
                 "tokens\n";
  }
}

}  // namespace jwt_auth::admin
