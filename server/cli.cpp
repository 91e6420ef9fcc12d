#include "server/cli.hpp"

#include "server/config/derive.hpp"
#include "server/config/nearest_name.hpp"
#include "server/config/render.hpp"
#include "server/config/settings_table.hpp"
#include "server/config/shell_words.hpp"
#include "server/control/control_command.hpp"
#include "workers/worker.hpp"

#include <CLI/CLI.hpp>
#include <boost/version.hpp>
#include <spdlog/version.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

#include <fmt/core.h>

namespace alicorn {
namespace {

using Shape = Field::Shape;

constexpr std::string_view kCheckHelp =
    "Usage: alicorn check APP.so[:SYMBOL]\n"
    "       alicorn check MODULE[:CALLABLE] [--pythonpath DIR] [--venv DIR]\n\n"
    "Describes an application: which version of the interface it needs, and which libraries,\n"
    "symbols and symbol versions are missing here; of a Python application, which bridge serves "
    "it\n"
    "and where its module lies. None of its code runs.\n\n"
    "Exit codes: 0 this server can load it, 2 wrong usage, 4 it cannot.\n";

constexpr std::string_view kMigrateHelp =
    "Usage: alicorn migrate-config gunicorn.conf.py > alicorn.yaml\n\n"
    "Writes what a configuration file of Gunicorn says as one of Alicorn. The file is executed "
    "with the\n"
    "python3 in PATH. What has no counterpart is named in comments.\n\n"
    "Exit codes: 0 done, 1 Python cannot execute the file, 2 wrong usage.\n";

constexpr std::string_view kReplayHelp =
    "Usage: alicorn replay FILE [APP.so[:SYMBOL]] [OPTIONS]\n\n"
    "Runs the requests recorded in FILE (-: standard input) through an application in this one\n"
    "process, for debuggers and sanitizers. Responses go to standard output, the log to standard\n"
    "error. OPTIONS and the configuration file are the server's (alicorn --help), but a deadline\n"
    "applies only if its flag is given here.\n\n"
    "Exit codes: 0 every request got its whole response, 1 one did not, 2 wrong usage, 3 the\n"
    "application does not start, 4 it cannot be loaded.\n";

/// One list of words, parsed.
struct Parsed {
  bool help = false;
  bool version = false;
  bool check_config = false;
  bool print_config = false;
  std::optional<std::string> config_file;
  std::string replay_file;
  std::vector<GivenSetting> settings;
};

std::string switch_names(const Setting& setting) {
  const std::string name(long_flag(setting.flags).substr(2));
  std::string names(short_flag(setting.flags));
  if (!names.empty()) names += "{true},";
  return names + "--" + name + "{true},--no-" + name + "{false}";
}

CLI::Option* add_option(CLI::App& app, const Setting& setting) {
  if (setting.field.shape == Shape::kSwitch) {
    return app.add_flag(switch_names(setting))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  // One value per flag: a flag that took all following words would swallow the application.
  return app.add_option(std::string(setting.flags))
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

/// The last use of a repeated flag wins; the items of lists and maps add up.
Values values_of(const Setting& setting, const CLI::Option& option) {
  const bool adds_up = setting.field.shape == Shape::kList || setting.field.shape == Shape::kMap;
  return adds_up ? option.results() : Values{option.results().back()};
}

void append_names(std::string_view flags, std::vector<std::string_view>& names) {
  while (!flags.empty()) {
    const std::string_view name = flags.substr(0, flags.find(','));
    if (name.starts_with("--")) names.push_back(name);
    flags.remove_prefix(std::min(name.size() + 1, flags.size()));
  }
}

std::string unknown_flag(const std::string& word) {
  const std::string flag = word.substr(0, word.find('='));
  std::vector<std::string_view> names;
  for (const CommandFlag& command :
       {kConfigFlag, kCheckConfigFlag, kPrintConfigFlag, kVersionFlag, kHelpFlag}) {
    append_names(command.flags, names);
  }
  for (const Setting& setting : settings_table()) append_names(setting.flags, names);
  std::string key = flag == "-k" ? "worker_class" : flag.substr(1 + flag.starts_with("--"));
  std::replace(key.begin(), key.end(), '-', '_');
  if (std::string sentence = not_applicable(key); !sentence.empty()) return sentence;
  std::string message = "unknown flag " + flag;
  const std::string_view nearest = flag.starts_with("--") ? nearest_name(flag, names) : "";
  if (!nearest.empty()) return message.append(", did you mean ").append(nearest).append("?");
  return message.append(", see alicorn --help");
}

/// Catches `alicorn status`. An application of that name is unlikely; if one exists, it is served.
Result<void> refuse_control_word(const std::string& word, const std::string& directory) {
  const auto verbs = control_verbs();
  const bool is_one = std::any_of(verbs.begin(), verbs.end(),
                                  [&](const ControlVerb& row) { return row.name == word; });
  std::error_code error;
  if (!is_one || std::filesystem::exists(std::filesystem::path(directory) / word, error)) return {};
  return fail("there is no application \"" + word + "\": did you mean alicorn ctl " + word + '?');
}

/// What the words that are not flags mean.
enum class Positionals { kApplication, kFileAndApplication };

Result<void> take_positionals(std::vector<std::string> words, Positionals which,
                              const std::string& directory, Parsed& parsed) {
  if (which == Positionals::kFileAndApplication && !words.empty()) {
    parsed.replay_file = words.front();
    words.erase(words.begin());
  } else if (!words.empty()) {
    if (auto fine = refuse_control_word(words.front(), directory); !fine) return fine;
  }
  if (words.size() > 1) {
    return fail("one application can be served, not \"" + words[0] + "\" and \"" + words[1] + '"');
  }
  if (!words.empty()) parsed.settings.push_back({"application", "APP", words});
  return {};
}

/// CLI11 throws on wrong usage; everything that can throw is called in this function.
Result<Parsed> parse_words(std::vector<std::string> words, const std::string& directory,
                           Positionals positionals = Positionals::kApplication) {
  Parsed parsed;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.add_flag(std::string(kHelpFlag.flags), parsed.help);
  app.add_flag(std::string(kVersionFlag.flags), parsed.version);
  app.add_flag(std::string(kCheckConfigFlag.flags), parsed.check_config);
  app.add_flag(std::string(kPrintConfigFlag.flags), parsed.print_config);
  app.add_option(std::string(kConfigFlag.flags), parsed.config_file)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  std::vector<std::string> applications;
  app.add_option("application", applications)->expected(0, CLI::detail::expected_max_vector_size);
  std::vector<std::pair<const Setting*, CLI::Option*>> options;
  for (const Setting& setting : settings_table()) {
    if (!setting.flags.empty()) options.emplace_back(&setting, add_option(app, setting));
  }
  try {
    std::reverse(words.begin(), words.end());
    app.parse(words);
    for (const auto& [setting, option] : options) {
      if (option->count() == 0) continue;
      parsed.settings.push_back(
          {setting->key, std::string(long_flag(setting->flags)), values_of(*setting, *option)});
    }
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string_view message = error.what();
    return fail(std::string(message.substr(0, message.find(':'))) + " needs a value");
  } catch (const CLI::ParseError& error) {
    return fail(error.what());
  }
  for (const std::string& word : app.remaining()) {
    // CLI11 keeps the "--" after which all words are positional.
    if (word != "--") return fail(unknown_flag(word));
  }
  if (auto taken = take_positionals(std::move(applications), positionals, directory, parsed);
      !taken) {
    return tl::unexpected(std::move(taken.error()));
  }
  return parsed;
}

/// $PWD if it is right. Symbolic links in the path must survive, or a reload would not follow a
/// link that has been moved to a new release in the meantime.
std::string current_directory(const std::string& pwd) {
  std::error_code error;
  if (pwd.starts_with('/') && std::filesystem::equivalent(pwd, ".", error)) return pwd;
  return std::filesystem::current_path(error).string();
}

Result<Parsed> parse_variable(std::string_view text, const std::string& directory) {
  auto words = split_words(text);
  if (!words) return tl::unexpected(std::move(words.error()));
  return parse_words(std::move(*words), directory);
}

std::string compiler_version() {
#ifdef __clang__
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string text_of_variable(const char* name) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): the master has one thread
  return text == nullptr ? "" : text;
}

/// `alicorn migrate-config gunicorn.conf.py`
Result<CommandLine> parse_migrate(const std::vector<std::string>& words, CommandLine command_line) {
  const bool asks_help = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "-h" || word == "--help";
  });
  if (asks_help) {
    command_line.action = CommandLine::Action::kPrintText;
    command_line.text = kMigrateHelp;
    return command_line;
  }
  if (words.size() != 2 || words.back().starts_with('-')) {
    return fail("migrate-config takes one file: alicorn migrate-config gunicorn.conf.py");
  }
  command_line.action = CommandLine::Action::kMigrate;
  command_line.migrated_file = words.back();
  return command_line;
}

/// `alicorn check APP.so[:SYMBOL]`
Result<CommandLine> parse_check(const std::vector<std::string>& words, CommandLine command_line) {
  if (std::any_of(words.begin(), words.end(),
                  [](const std::string& word) { return word == "-h" || word == "--help"; })) {
    command_line.action = CommandLine::Action::kPrintText;
    command_line.text = kCheckHelp;
    return command_line;
  }
  const std::string& directory = command_line.working_directory;
  auto parsed = parse_words({words.begin() + 1, words.end()}, directory);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  Config config;
  config.worker.python.venv = command_line.environment.virtual_env;
  for (const GivenSetting& given : parsed->settings) {
    if (given.key != "application" && given.key != "pythonpath" && given.key != "venv") {
      return fail("check takes one application, and for Python --pythonpath and --venv");
    }
    if (auto done = assign(*find_setting(given.key), given.flag, given.values, config); !done) {
      return tl::unexpected(std::move(done.error()));
    }
  }
  if (config.worker.app_path.empty()) {
    return fail("check takes one application: alicorn check APP.so[:SYMBOL]");
  }
  // A name without a slash may be a library's, which the loader finds.
  if (!config.worker.python.application.empty()) resolve_paths(config, directory, nullptr);
  command_line.action = CommandLine::Action::kCheckApp;
  command_line.checked = std::move(config.worker);
  return command_line;
}

}  // namespace

Result<CommandLine> parse_command_line(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  Environment environment{.port = text_of_variable("PORT"),
                          .web_concurrency = text_of_variable("WEB_CONCURRENCY"),
                          .forwarded_allow_ips = text_of_variable("FORWARDED_ALLOW_IPS"),
                          .command_arguments = text_of_variable("ALICORN_CMD_ARGS"),
                          .control_socket = text_of_variable("ALICORN_CONTROL_SOCKET"),
                          .virtual_env = text_of_variable("VIRTUAL_ENV"),
                          .temporary = text_of_variable("TMPDIR")};
  const std::string pwd = text_of_variable("PWD");
  auto command_line = parse_command_line({words.begin() + (words.empty() ? 0 : 1), words.end()},
                                         std::move(environment), current_directory(pwd));
  if (command_line) command_line->argv = words;
  return command_line;
}

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments,
                                       Environment environment, std::string working_directory) {
  using Action = CommandLine::Action;
  CommandLine command_line;
  command_line.working_directory = std::move(working_directory);
  if (!arguments.empty() && arguments.front() == "check") {
    return parse_check(arguments, std::move(command_line));
  }
  if (!arguments.empty() && arguments.front() == "migrate-config") {
    return parse_migrate(arguments, std::move(command_line));
  }
  const bool is_control = !arguments.empty() && arguments.front() == "ctl";
  if (is_control) command_line.control_words.assign(arguments.begin() + 1, arguments.end());
  const bool is_replay = !arguments.empty() && arguments.front() == "replay";
  const std::string& directory = command_line.working_directory;
  auto given = is_replay
                   ? parse_words({arguments.begin() + 1, arguments.end()}, directory,
                                 Positionals::kFileAndApplication)
                   : parse_words(is_control ? std::vector<std::string>() : arguments, directory);
  if (!given) return tl::unexpected(std::move(given.error()));
  auto inherited = parse_variable(environment.command_arguments, directory);
  if (!inherited) return fail("ALICORN_CMD_ARGS: " + inherited.error().text());

  command_line.environment = std::move(environment);
  command_line.from_environment = std::move(inherited->settings);
  command_line.config_file =
      given->config_file ? *given->config_file : inherited->config_file.value_or("");
  command_line.from_arguments = std::move(given->settings);
  if (is_control) {
    command_line.action = Action::kControl;
    return command_line;
  }
  if (is_replay) command_line.action = Action::kReplay;
  command_line.replay_file = std::move(given->replay_file);
  if (given->print_config || inherited->print_config) command_line.action = Action::kPrintConfig;
  if (given->check_config || inherited->check_config) command_line.action = Action::kCheckConfig;
  if (given->help || given->version) {
    command_line.action = Action::kPrintText;
    const std::string help = is_replay ? std::string(kReplayHelp) : render_help();
    command_line.text = given->help ? help : version_text() + '\n';
  }
  if (command_line.action == Action::kReplay && command_line.replay_file.empty()) {
    return fail("replay takes a file, - for standard input: alicorn replay FILE APP.so[:SYMBOL]");
  }
  return command_line;
}

std::string version_text() {
  return fmt::format(
      "alicorn {} (Boost {}.{}.{}, llhttp {}, spdlog {}.{}.{}, fmt {}.{}.{}, yaml-cpp {}, CLI11 "
      "{}, {})",
      ALICORN_VERSION, BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100,
      parser_version(), SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH, FMT_VERSION / 10'000,
      FMT_VERSION / 100 % 100, FMT_VERSION % 100, ALICORN_YAML_CPP_VERSION, CLI11_VERSION,
      compiler_version());
}

}  // namespace alicorn
