#include "server/cli.hpp"

#include "server/config/load.hpp"
#include "tests/support/golden_file.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Action = CommandLine::Action;

/// A folder without a configuration file.
constexpr const char* kDirectory = "/nonexistent";

Result<CommandLine> parse(const std::vector<std::string>& arguments,
                          const std::string& variable = "") {
  Environment environment;
  environment.command_arguments = variable;
  return parse_command_line(arguments, environment, kDirectory);
}

std::string error_of(const std::vector<std::string>& arguments, const std::string& variable = "") {
  const auto command_line = parse(arguments, variable);
  return command_line ? "" : command_line.error().text();
}

Config load(const std::vector<std::string>& arguments, const std::string& variable = "") {
  auto command_line = parse(arguments, variable);
  EXPECT_TRUE(command_line) << command_line.error().text();
  if (!command_line) return {};
  auto config = load_config(*command_line);
  EXPECT_TRUE(config) << config.error().text();
  return config ? std::move(*config) : Config();
}

auto given(std::string_view key, std::string flag, std::vector<std::string> values) {
  return AllOf(Field(&GivenSetting::key, key), Field(&GivenSetting::flag, std::move(flag)),
               Field(&GivenSetting::values, std::move(values)));
}

TEST(CommandLine, AcceptsShortAndLongFlagsAndTheApplication) {
  const auto command_line = parse({"-w", "3", "--threads=4", "-t30", "./a.so"});
  ASSERT_TRUE(command_line) << command_line.error().text();
  EXPECT_EQ(command_line->action, Action::kServe);
  EXPECT_THAT(command_line->from_arguments,
              testing::UnorderedElementsAre(
                  given("workers", "--workers", {"3"}), given("threads", "--threads", {"4"}),
                  given("timeout", "--timeout", {"30"}), given("application", "APP", {"./a.so"})));
}

TEST(CommandLine, AcceptsTheApplicationAnywhere) {
  EXPECT_EQ(load({"a.so", "-w", "3"}).workers, 3U);
  EXPECT_EQ(load({"-w", "3", "--", "-a.so"}).worker.app_path, "/nonexistent/-a.so");
  EXPECT_EQ(load({"-b", "127.0.0.1:1", "a.so:entry"}).worker.app_symbol, "entry");
}

TEST(CommandLine, AddsUpTheItemsOfAList) {
  const Config config =
      load({"-b", "[::1]:1", "--bind", "unix:/s", "-e", "A={1}", "-e", "B=[2,3]", "a.so"});
  ASSERT_EQ(config.binds.size(), 2U);
  EXPECT_EQ(config.binds[0].text(), "[::1]:1");
  EXPECT_THAT(config.env, ElementsAre(testing::Pair("A", "{1}"), testing::Pair("B", "[2,3]")));
  EXPECT_EQ(load({"-b", "[::1]", "a.so"}).binds[0].text(), "[::1]:8000");
}

TEST(CommandLine, TheLastOfARepeatedValueWins) {
  EXPECT_EQ(load({"-w", "3", "--workers", "4", "a.so"}).workers, 4U);
}

TEST(CommandLine, TurnsSwitchesOnAndOff) {
  EXPECT_TRUE(load({"-D", "--error-logfile", "/log", "a.so"}).daemon);
  EXPECT_TRUE(load({"--daemon", "--error-logfile", "/log", "a.so"}).daemon);
  EXPECT_FALSE(load({"-D", "--no-daemon", "a.so"}).daemon);
  EXPECT_FALSE(load({"--no-sendfile", "a.so"}).worker.sendfile);
  EXPECT_TRUE(load({"--no-sendfile", "--sendfile", "a.so"}).worker.sendfile);
}

TEST(CommandLine, AcceptsADashAndAnEmptyTextAsValues) {
  EXPECT_EQ(load({"--access-logfile", "-", "a.so"}).worker.access_log.path, "-");
  EXPECT_EQ(load({"--server-header", "", "a.so"}).worker.server_header, "");
}

TEST(CommandLine, AcceptsGunicornsSpellings) {
  EXPECT_EQ(load({"--pid", "/p", "a.so"}).pidfile, "/p");
  EXPECT_EQ(load({"--pidfile", "/p", "a.so"}).pidfile, "/p");
  EXPECT_EQ(load({"--name", "n", "a.so"}).proc_name, "n");
  EXPECT_EQ(load({"--keep-alive", "5", "a.so"}).worker.deadlines.keepalive, seconds(5));
  EXPECT_EQ(load({"--log-level", "debug", "a.so"}).error_log.level, log::Level::kDebug);
}

TEST(CommandLine, OverridesTheVariable) {
  const Config config = load({"-w", "2", "a.so"}, "-w 3 --threads 4 -e 'A=b c' other.so");
  EXPECT_EQ(config.workers, 2U);
  EXPECT_EQ(config.worker.threads, 4U);
  EXPECT_THAT(config.env, ElementsAre(testing::Pair("A", "b c")));
  EXPECT_EQ(config.worker.app_path, "/nonexistent/a.so");
  EXPECT_EQ(load({}, "other.so").worker.app_path, "/nonexistent/other.so");
}

TEST(CommandLine, KeepsWhatAReloadNeeds) {
  const auto command_line = parse({"-c", "x.yaml", "a.so"}, "-c y.yaml");
  ASSERT_TRUE(command_line);
  EXPECT_EQ(command_line->config_file, "x.yaml");
  EXPECT_EQ(command_line->working_directory, kDirectory);
  EXPECT_EQ(parse({"a.so"}, "-c y.yaml")->config_file, "y.yaml");
  EXPECT_EQ(parse({"a.so"})->config_file, "");
}

TEST(CommandLine, SuggestsTheFlagThatWasMeant) {
  EXPECT_EQ(error_of({"--worker", "3", "a.so"}), "unknown flag --worker, did you mean --workers?");
  EXPECT_EQ(error_of({"--max_requests=3"}),
            "unknown flag --max_requests, did you mean --max-requests?");
  EXPECT_EQ(error_of({"--chekc-config"}),
            "unknown flag --chekc-config, did you mean --check-config?");
  EXPECT_EQ(error_of({"--control-flag", "x"}), "unknown flag --control-flag, see alicorn --help");
  EXPECT_EQ(error_of({"-x"}), "unknown flag -x, see alicorn --help");
}

TEST(CommandLine, NamesFlagsThatDoNotApply) {
  EXPECT_THAT(error_of({"--worker-class", "gevent"}),
              StartsWith("worker_class does not apply to Alicorn: "));
  EXPECT_THAT(error_of({"-k", "gevent"}), StartsWith("worker_class does not apply to Alicorn: "));
  EXPECT_EQ(error_of({"--ca-certs", "x"}),
            "ca_certs does not apply to Alicorn: TLS belongs to the server in front "
            "(see conf/nginx.conf)");
  EXPECT_EQ(error_of({"--reload-engine", "inotify"}),
            "reload_engine does not apply to Alicorn: reload uses inotify");
  EXPECT_THAT(error_of({"--paste=."}), StartsWith("paste does not apply to Alicorn: "));
}

TEST(CommandLine, AttributesAnErrorToTheVariable) {
  EXPECT_EQ(error_of({"a.so"}, "--worker 3"),
            "ALICORN_CMD_ARGS: unknown flag --worker, did you mean --workers?");
  EXPECT_EQ(error_of({"a.so"}, "-w '3"), "ALICORN_CMD_ARGS: a quote (') is not closed");
}

TEST(CommandLine, RefusesMissingValuesAndExtraArguments) {
  EXPECT_EQ(error_of({"a.so", "--workers"}), "--workers needs a value");
  EXPECT_EQ(error_of({"a.so", "-b"}), "--bind needs a value");
  EXPECT_EQ(error_of({"a.so", "b.so"}), "one application can be served, not \"a.so\" and \"b.so\"");
  EXPECT_THAT(error_of({"--daemon=maybe", "a.so"}), IsEmpty());  // a value: load_config() judges it
}

TEST(CommandLine, RecognisesHelpVersionAndChecks) {
  EXPECT_EQ(parse({"--check-config", "a.so"})->action, Action::kCheckConfig);
  EXPECT_EQ(parse({"--print-config"})->action, Action::kPrintConfig);
  EXPECT_EQ(parse({"--version"})->action, Action::kPrintText);
  EXPECT_EQ(parse({"-v"})->text, version_text() + "\n");
  EXPECT_EQ(parse({"-h"})->text, test::read_source_file("tests/golden/cli/help.txt"));
}

TEST(CommandLine, PassesControlWordsToTheClient) {
  const auto command_line = parse({"ctl", "-c", "a", "reload", "--wait"}, "-c b.yaml");
  ASSERT_TRUE(command_line);
  EXPECT_EQ(command_line->action, Action::kControl);
  EXPECT_THAT(command_line->control_words, ElementsAre("-c", "a", "reload", "--wait"));
  EXPECT_EQ(command_line->config_file, "b.yaml");
}

TEST(CommandLine, SuggestsCtlForAControlCommand) {
  EXPECT_EQ(error_of({"status"}),
            "there is no application \"status\": did you mean alicorn ctl status?");
  EXPECT_THAT(error_of({"scale", "3"}), HasSubstr("did you mean alicorn ctl scale?"));
  EXPECT_THAT(error_of({"-c", "a.yaml", "reload"}), HasSubstr("did you mean alicorn ctl reload?"));
  EXPECT_EQ(parse({"./status"})->action, Action::kServe);
  const test::TemporaryFolder folder;
  test::write_file(folder / "status", "");
  EXPECT_TRUE(parse_command_line({"status"}, {}, folder.path())) << "there is one";
}

TEST(CommandLine, ChecksAnApplication) {
  const auto command_line = parse({"check", "./a.so:entry"});
  ASSERT_TRUE(command_line);
  EXPECT_EQ(command_line->action, Action::kCheckApp);
  EXPECT_EQ(command_line->checked.app_path, "./a.so");
  EXPECT_EQ(command_line->checked.app_symbol, "entry");
  EXPECT_EQ(parse({"check", "a.so"})->checked.app_symbol, "alicorn_app_entry");
  EXPECT_THAT(error_of({"check"}), StartsWith("check takes one application"));
  EXPECT_THAT(error_of({"check", "a.so", "b.so"}), StartsWith("one application can"));
  EXPECT_THAT(error_of({"check", "a.so", "-w", "2"}), StartsWith("check takes one application"));
  const auto python = parse({"check", "site.wsgi:app", "--pythonpath", "lib", "--venv", "/venv"});
  EXPECT_EQ(python->checked.python.application, "site.wsgi:app");
  EXPECT_EQ(python->checked.python.path, std::vector<std::string>{"/nonexistent/lib"});
  EXPECT_EQ(python->checked.python.venv, "/venv");
  for (const char* help : {"-h", "--help"}) {
    EXPECT_EQ(parse({"check", help})->action, Action::kPrintText);
    EXPECT_THAT(parse({"check", "a.so", help})->text, StartsWith("Usage: alicorn check APP.so"));
  }
}

TEST(CommandLine, ReplaysAFile) {
  const auto replay = parse({"replay", "--threads", "2", "crash.http", "./a.so:entry"});
  EXPECT_EQ(replay->action, Action::kReplay);
  EXPECT_EQ(replay->replay_file, "crash.http");
  EXPECT_THAT(replay->from_arguments,
              ElementsAre(Field(&GivenSetting::values, ElementsAre("2")),
                          Field(&GivenSetting::values, ElementsAre("./a.so:entry"))));
  EXPECT_EQ(parse({"replay", "-"})->replay_file, "-") << "a configuration file may name the app";
  EXPECT_THAT(error_of({"replay"}), StartsWith("replay takes a file"));
  EXPECT_THAT(error_of({"replay", "a.http", "a.so", "b.so"}), StartsWith("one application"));
  EXPECT_EQ(parse({"replay", "--help"})->action, Action::kPrintText);
  EXPECT_THAT(parse({"replay", "--help"})->text, StartsWith("Usage: alicorn replay "));
  EXPECT_EQ(parse({"./replay"})->action, Action::kServe);
}

TEST(CommandLine, ReadsTheProcessEnvironment) {
  std::vector<std::string> words = {"alicorn", "-w", "2", "a.so"};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  const auto command_line = parse_command_line(static_cast<int>(argv.size()), argv.data());
  ASSERT_TRUE(command_line) << command_line.error().text();
  EXPECT_EQ(command_line->argv, words);
  EXPECT_THAT(command_line->working_directory, StartsWith("/"));
}

TEST(Version, NamesTheLibraries) {
  EXPECT_THAT(version_text(),
              testing::ContainsRegex("^alicorn [0-9.]+ \\(Boost [0-9.]+, llhttp [0-9.]+, spdlog "
                                     "[0-9.]+, fmt [0-9.]+, yaml-cpp [0-9.]+, CLI11 [0-9.]+, "
                                     "(gcc|clang) [0-9.]+\\)$"));
}

}  // namespace
}  // namespace alicorn
