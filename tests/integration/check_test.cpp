// `alicorn check` and --check-config say what a start would: the loader's word, without running a
// byte of the app.
#include "tests/support/child_process.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Check, SaysOfAnAppThatCannotBeLoadedWhatTheStartSays) {
  for (const auto& [app, reason] : std::vector<std::pair<std::string, std::string>>{
           {"undefined_symbol", "undefined symbol: nowhere_at_all"},
           {"missing_version", "version `VERSIONED_2' not found"},
           {"static_tls", "static TLS"},
           {"missing_library", "libnowhere_to_be_found.so"}}) {
    const CommandResult check = run_server({"check", test_app(app)});
    EXPECT_EQ(check.ending.exit_code, 4) << app << check.output;
    EXPECT_THAT(check.output, HasSubstr(reason));
    EXPECT_THAT(check.output, Not(HasSubstr("can load it")));
    const CommandResult config = run_server({"--check-config", test_app(app)});
    EXPECT_EQ(config.ending.exit_code, 4) << app << config.output;
    EXPECT_THAT(config.output, HasSubstr(reason));
    const CommandResult start = run_server({"-b", "127.0.0.1:0", test_app(app)});
    EXPECT_EQ(start.ending.exit_code, 4) << app << start.output;
    EXPECT_THAT(start.output, HasSubstr(reason));
  }
}

TEST(Check, SaysYesToWhatTheServerLoads) {
  for (const std::string& app : {example("hello_c"), example("hello_cpp"), example("echo")}) {
    const CommandResult check = run_server({"check", app});
    EXPECT_EQ(check.ending.exit_code, 0) << check.output;
    EXPECT_THAT(check.output, HasSubstr("symbols:   all found"));
    EXPECT_THAT(check.output, HasSubstr("this server can load it\n"));
  }
}

TEST(Check, RunsNothingOfTheApp) {
  const TemporaryFolder folder;
  for (const std::string command : {"check", "--check-config"}) {
    ChildProcess check({.arguments = {ALICORN_BINARY, command, test_app("leaves_traces")},
                        .output_path = folder / "output",
                        .directory = folder / ""});
    EXPECT_EQ(check.wait().value_or(Ending{}).exit_code, 0) << read_file(folder / "output");
    EXPECT_FALSE(std::filesystem::exists(folder / "constructor.ran")) << command;
  }
  ServerProcess server(test_app("leaves_traces"), {});
  EXPECT_TRUE(std::filesystem::exists(server.file("constructor.ran"))) << "as it would be seen";
}

/// A path may hold what the loader takes for an end of it.
TEST(Check, TakesAnyPath) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "a b:c");
  const std::string path = folder / "a b:c/undefined symbol.so";
  std::filesystem::copy_file(test_app("undefined_symbol"), path);
  const CommandResult check = run_command({ALICORN_BINARY, "check", path});
  EXPECT_EQ(check.ending.exit_code, 4);
  EXPECT_THAT(check.output, HasSubstr("undefined symbol: nowhere_at_all (" + path));
}

}  // namespace
}  // namespace alicorn::test
