// jwt_auth_admin: how an operator administers the JWT service from a shell.
#include "admin/account_commands.hpp"
#include "admin/acting_as.hpp"
#include "admin/database_commands.hpp"
#include "admin/decode_command.hpp"
#include "admin/failure.hpp"
#include "admin/rotate_key.hpp"
#include "admin/safe_output.hpp"
#include "admin/tool.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <functional>
#include <iostream>
#include <optional>
#include <string>

namespace jwt_auth::admin {
namespace {

using Command = std::function<void(Tool&)>;

constexpr const char* kFooter =
    "The settings are the service's own: the section \"app\" of the server's YAML file.\n"
    "Run by root, it opens a SQLite file as the \"user\" of that file, or as the owner of the\n"
    "database's folder; it stays root only where nobody else may change a folder on the path.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage.";

/// The options of all commands. CLI11 keeps pointers into this object.
struct Options {
  std::string config_path;
  UserOptions user;
  ClientOptions client;
  std::string name;
  std::string token;
  RotateOptions rotate;
  Command command;
};

/// As root, the command runs with the rights of the user that owns the database's files.
Command on_database(const Command& command) {
  return [command](Tool& tool) {
    const std::optional<Identity> identity = tool.whom_the_database_is_opened_as();
    try {
      const ActingAs rights(identity);
      command(tool);
    } catch (const StoreUnavailable& error) {
      if (!identity) throw;
      throw Failure(std::string(error.what()) + " (as user " + identity->name +
                    ", who must own the file and its folder)");
    }
  };
}

CLI::App* add(CLI::App& app, const char* name, const char* text, Options& options,
              const Command& command) {
  CLI::App* subcommand = app.add_subcommand(name, text);
  subcommand->fallthrough();  // also accept -c after the command
  subcommand->callback([&options, command] { options.command = command; });
  return subcommand;
}

void add_password_options(CLI::App* command, PasswordChoice& choice) {
  auto* from_stdin = command->add_flag("--password-stdin", choice.from_stdin,
                                       "Read the password from the first line of standard input");
  command->add_flag("--random-password", choice.random, "Generate a password and print it once")
      ->excludes(from_stdin);
}

void add_database_commands(CLI::App& app, Options& options) {
  add(app, "migrate", "Create the missing tables, Django's included", options,
      on_database(migrate_database));
  add(app, "showmigrations", "List the migrations and when they were applied", options,
      on_database(show_migrations));
  add(app, "flushexpiredtokens", "Delete expired tokens and other rows that are no longer needed",
      options, on_database(flush_expired_tokens));
}

void add_user_commands(CLI::App& app, Options& options) {
  UserOptions& user = options.user;
  auto* create = add(app, "createuser", "Add a user; the password is asked for on the terminal",
                     options, on_database([&user](Tool& tool) { create_user(tool, user); }));
  create->add_option("USERNAME", user.username)->required();
  create->add_option("--email", user.email, "The e-mail address")->type_name("ADDRESS");
  create->add_flag("--staff", user.is_staff,
                   "The user may enter the admin site of a Django beside it");
  create->add_flag("--superuser", user.is_superuser, "The user has every permission there");
  add_password_options(create, user.password);

  auto* change = add(app, "changepassword", "Give a user another password", options,
                     on_database([&user](Tool& tool) { change_password(tool, user); }));
  change->add_option("USERNAME", user.username)->required();
  add_password_options(change, user.password);

  std::string& name = options.name;
  add(app, "deactivate", "Stop a user from logging in", options,
      on_database([&name](Tool& tool) { set_user_active(tool, name, false); }))
      ->add_option("USERNAME", name)
      ->required();
  add(app, "activate", "Let a user log in again", options,
      on_database([&name](Tool& tool) { set_user_active(tool, name, true); }))
      ->add_option("USERNAME", name)
      ->required();
  add(app, "revoke-all", "Revoke every refresh and sliding token of a user", options,
      on_database([&name](Tool& tool) { revoke_all(tool, name); }))
      ->add_option("USERNAME", name)
      ->required();
}

void add_client_commands(CLI::App& app, Options& options) {
  ClientOptions& client = options.client;
  auto* create = add(app, "createclient", "Add a client of the client-credentials grant", options,
                     on_database([&client](Tool& tool) { create_client(tool, client); }));
  create->add_option("CLIENT_ID", client.client_id)->required();
  create->add_option("--scope", client.scopes, "A scope the client may request; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("SCOPE");
  create->add_flag("--secret-stdin", client.secret_from_stdin,
                   "Read the secret from standard input instead of generating one");
  std::string& name = options.name;
  add(app, "deactivateclient", "Stop giving a client tokens", options,
      on_database([&name](Tool& tool) { set_client_active(tool, name, false); }))
      ->add_option("CLIENT_ID", name)
      ->required();
  add(app, "activateclient", "Give a client tokens again", options,
      on_database([&name](Tool& tool) { set_client_active(tool, name, true); }))
      ->add_option("CLIENT_ID", name)
      ->required();
}

void add_token_commands(CLI::App& app, Options& options) {
  RotateOptions& rotate = options.rotate;
  auto* command = add(app, "rotate-key", "Replace the signing key without logging anybody out",
                      options, [&rotate](Tool& tool) { rotate_key(tool, rotate); });
  command->footer(kRotateFooter);
  command
      ->add_option("--kid", rotate.kid, "Name of the new key; by default the date and four letters")
      ->type_name("KID");
  auto* activate =
      command->add_option("--activate", rotate.activate, "Second step: sign with this key")
          ->type_name("KID");
  auto* retire = command->add_option("--retire", rotate.retire, "Last step: remove this key")
                     ->type_name("KID")
                     ->excludes(activate);
  command
      ->add_flag("--at-once", rotate.at_once,
                 "First and second step at once, for a service that is not running")
      ->excludes(activate)
      ->excludes(retire);
  command->add_flag("--write", rotate.write, "Change the file instead of saying what to change");

  auto* decode = add(app, "decode", "Explain a token: header, claims, and why it is valid or not",
                     options, [&options](Tool& tool) { decode_token(tool, options.token); });
  decode->add_option("TOKEN", options.token, "The token; \"-\" reads it from standard input")
      ->required();
}

ExitCode report(const std::string& text, ExitCode code) {
  std::cerr << "jwt_auth_admin: " << text << '\n';
  return code;
}

ExitCode run(const Options& options) {
  try {
    Tool tool(options.config_path);
    options.command(tool);
    std::cout.flush();
    return std::cout ? ExitCode::kOk : report("standard output: cannot write", ExitCode::kFailed);
  } catch (const Failure& failure) {
    return report(failure.what(), failure.code());
  } catch (const std::exception& error) {
    return report(error.what(), ExitCode::kFailed);
  }
}

ExitCode main_of(int argc, char** argv) {
  CLI::App app("Administers the JWT service of Alicorn.", "jwt_auth_admin");
  Options options;
  app.require_subcommand(1);
  app.footer(kFooter);
  app.add_option("-c,--config", options.config_path,
                 "The server's configuration; default: $JWT_AUTH_CONFIG, then ./alicorn.yaml")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->type_name("FILE");
  add_database_commands(app, options);
  add_user_commands(app, options);
  add_client_commands(app, options);
  add_token_commands(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    const std::vector<std::string> unknown = app.remaining();
    if (unknown.empty() || !app.get_subcommands().empty()) {
      app.exit(error);
    } else {
      std::cerr << "jwt_auth_admin: there is no command \"" << unknown.front()
                << "\" (jwt_auth_admin --help lists them)\n";
    }
    return ExitCode::kBadUsage;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ExitCode::kOk : ExitCode::kBadUsage;
  }
  return run(options);
}

}  // namespace
}  // namespace jwt_auth::admin

int main(int argc, char** argv) {
  const jwt_auth::admin::SafeOutput output(std::cout), errors(std::cerr);
  return static_cast<int>(jwt_auth::admin::main_of(argc, argv));
}
