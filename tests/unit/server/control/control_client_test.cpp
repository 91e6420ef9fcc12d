#include "server/control/control_client.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using testing::AllOf;
using testing::HasSubstr;

ControlCall parsed(const std::vector<std::string>& words) {
  const auto call = parse_control_call(words);
  EXPECT_TRUE(call) << call.error().text();
  return call.value_or(ControlCall{});
}

std::string error_of(const std::vector<std::string>& words) {
  const auto call = parse_control_call(words);
  return call ? "parsed" : call.error().text();
}

TEST(ControlCall, AcceptsOptionsAnywhere) {
  const ControlCall call = parsed({"--socket", "/run/a", "reload", "--json", "--wait"});
  EXPECT_EQ(call.socket, "/run/a");
  EXPECT_TRUE(call.json);
  EXPECT_EQ(call.line, "reload --wait");
  EXPECT_EQ(parsed({"status", "--socket=/run/b"}).socket, "/run/b");
  EXPECT_EQ(parsed({"-c", "a.yaml", "status"}).config_file, "a.yaml");
  EXPECT_EQ(parsed({"--config=b.yaml", "status"}).config_file, "b.yaml");
  EXPECT_TRUE(parsed({"status", "-h"}).help);
  EXPECT_EQ(parsed({"--owner", "www-data", "status"}).owner, "www-data");
}

TEST(ControlCall, SaysWhatIsMissing) {
  EXPECT_EQ(error_of({"status", "--socket"}), "--socket needs a value");
  EXPECT_EQ(error_of({"--socket="}), "--socket needs a value");
  EXPECT_THAT(error_of({"--socket", "a", "-c", "b"}), HasSubstr("give only one of them"));
}

class FindControlSocket : public testing::Test {
 protected:
  FindControlSocket() { command_line.working_directory = folder / ""; }
  std::string found(const std::vector<std::string>& words) const {
    const auto path = find_control_socket(parsed(words), command_line);
    return path ? path->path : "error: " + path.error().text();
  }
  std::string origin(const std::vector<std::string>& words) const {
    const auto path = find_control_socket(parsed(words), command_line);
    return path ? path->origin : "error: " + path.error().text();
  }

  test::TemporaryFolder folder;
  CommandLine command_line;
};

TEST_F(FindControlSocket, PrefersTheNearestSource) {
  EXPECT_THAT(found({}), AllOf(HasSubstr("no alicorn.yaml is here"), HasSubstr("--socket PATH")));
  test::write_file(folder / "alicorn.yaml", "workers: 2\n");
  EXPECT_THAT(found({}), HasSubstr("control_socket is not set"));
  test::write_file(folder / "alicorn.yaml", "control_socket: run/ctl\n");
  EXPECT_EQ(found({}), folder / "run/ctl");
  command_line.environment.control_socket = "/run/variable";
  EXPECT_EQ(found({}), "/run/variable");
  EXPECT_EQ(found({"-c", "alicorn.yaml"}), folder / "run/ctl") << "said, not inherited";
  EXPECT_EQ(found({"--socket", "/run/said"}), "/run/said");
}

TEST_F(FindControlSocket, SaysWhatARelativePathIsRelativeTo) {
  const std::string file = folder / "etc.yaml";
  test::write_file(file, "control_socket: s.ctl\n");
  command_line.working_directory = "/";
  EXPECT_EQ(found({"-c", file}), "/s.ctl");
  EXPECT_EQ(origin({"-c", file}),
            "control_socket of " + file +
                " is a relative path, and starts at / (where this command was "
                "started)");
  test::write_file(file, "control_socket: s.ctl\nchdir: /srv\n");
  EXPECT_EQ(found({"-c", file}), "/srv/s.ctl");
  EXPECT_THAT(origin({"-c", file}), HasSubstr("starts at /srv (chdir)"));
  test::write_file(file, "control_socket: /run/s.ctl\n");
  EXPECT_EQ(origin({"-c", file}), "");
  EXPECT_EQ(origin({"--socket", "s.ctl"}), "");
}

TEST_F(FindControlSocket, SaysWhatIsWrongWithTheConfiguration) {
  test::write_file(folder / "alicorn.yaml", "control_soket: run/ctl\n");
  EXPECT_THAT(found({}), AllOf(HasSubstr("alicorn.yaml:1:1"), HasSubstr("--socket")));
}

}  // namespace
}  // namespace alicorn
