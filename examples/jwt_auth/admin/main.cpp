// jwt_auth_admin: what an operator does to the JWT service from a shell.
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
    "The service's own settings are used: the section \"app\" of the server's YAML file.\n"
    "Started by root, it opens a SQLite file as the \"user\" of that file, or as who owns its "
    "folder;\n"
    "as root itself only where nobody else may change a folder of the path.\n"
    "Exit codes: 0 done, 1 it failed, 2 the command line is wrong.";

/// All options of all commands; their addresses are CLI11's.
struct Options {
  std::string config_path;
  UserOptions user;
  ClientOptions client;
  std::string name;
  std::string token;
  RotateOptions rotate;
  Command command;
};

/// Root does it with the rights of those whom the database's files belong to.
Command on_database(const Command& command) {
  return [command](Tool& tool) {
    const std::optional<Identity> identity = tool.whom_the_database_is_opened_as();
    try {
      const ActingAs rights(identity);
      command(tool);
    } catch (const StoreUnavailable& error) {
      if (!identity) throw;
      throw Failure(std::string(error.what()) + " (as user " + identity->name +
                    ", whom the file and its folder must belong to)");
    }
  };
}

CLI::App* add(CLI::App& app, const char* name, const char* text, Options& options,
              const Command& command) {
  CLI::App* subcommand = app.add_subcommand(name, text);
  subcommand->fallthrough();  // -c is good behind the command, too
  subcommand->callback([&options, command] { options.command = command; });
  return subcommand;
}

void add_password_options(CLI::App* command, PasswordChoice& choice) {
  auto* from_stdin = command->add_flag("--password-stdin", choice.from_stdin,
                                       "Read the password from the first line of standard input");
  command->add_flag("--random-password", choice.random, "Make a password and print it, this once")
      ->excludes(from_stdin);
}

void add_database_commands(CLI::App& app, Options& options) {
  add(app, "migrate", "Make the tables that are not there, Django's among them", options,
      on_database(migrate_database));
  add(app, "showmigrations", "List the migrations and when they were applied", options,
      on_database(show_migrations));
  add(app, "flushexpiredtokens", "Delete expired tokens and what else nobody asks for any more",
      options, on_database(flush_expired_tokens));
}

void add_user_commands(CLI::App& app, Options& options) {
  UserOptions& user = options.user;
  auto* create = add(app, "createuser", "Add a user; the password is asked for on the terminal",
                     options, on_database([&user](Tool& tool) { create_user(tool, user); }));
  create->add_option("USERNAME", user.username)->required();
  create->add_option("--email", user.email, "The e-mail address")->type_name("ADDRESS");
  create->add_flag("--staff", user.is_staff, "May enter the admin site of a Django beside it");
  create->add_flag("--superuser", user.is_superuser, "Has every permission there");
  add_password_options(create, user.password);

  auto* change = add(app, "changepassword", "Give a user another password", options,
                     on_database([&user](Tool& tool) { change_password(tool, user); }));
  change->add_option("USERNAME", user.username)->required();
  add_password_options(change, user.password);

  std::string& name = options.name;
  add(app, "deactivate", "Let a user log in no more", options,
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
  create->add_option("--scope", client.scopes, "A scope that it may ask for; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("SCOPE");
  create->add_flag("--secret-stdin", client.secret_from_stdin,
                   "Read its secret from standard input instead of making one");
  std::string& name = options.name;
  add(app, "deactivateclient", "Give a client no more tokens", options,
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
  command->add_option("--kid", rotate.kid, "Name of the new key; else the date and four letters")
      ->type_name("KID");
  auto* activate =
      command->add_option("--activate", rotate.activate, "Second step: sign with this key")
          ->type_name("KID");
  auto* retire = command->add_option("--retire", rotate.retire, "Last step: take this key out")
                     ->type_name("KID")
                     ->excludes(activate);
  command
      ->add_flag("--at-once", rotate.at_once,
                 "First and second step in one: for a service that is not running")
      ->excludes(activate)
      ->excludes(retire);
  command->add_flag("--write", rotate.write, "Change the file instead of saying what to change");

  auto* decode = add(app, "decode", "Explain a token: header, claims, and why it is good or not",
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
                 "The server's configuration; else $JWT_AUTH_CONFIG, else ./alicorn.yaml")
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
