// The real logrotate with the configuration from conf/, while requests come in.
#include "tests/support/load.hpp"
#include "tests/support/real_clients.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace alicorn::test {
namespace {

void replace(std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("conf/logrotate has no longer: " + from);
  text.replace(at, from.size(), to);
}

std::uint64_t lines_of(const std::string& path) {
  const std::string text = read_file(path);
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Logrotate, LosesNoLine) {
  if (::access("/usr/sbin/logrotate", X_OK) != 0) GTEST_SKIP() << "logrotate is not installed";
  const TemporaryFolder folder;
  const std::string access = folder / "access.log";
  ServerProcess server(example("hello_c"),
                       {"-w", "2", "-p", folder / "pid", "--access-logfile", access,
                        "--error-logfile", folder / "error.log", "--access-logformat", "%(s)s"});
  std::string text = read_file(ALICORN_SOURCE_DIR "/conf/logrotate");
  replace(text, "/var/log/alicorn/*.log", folder / "*.log");
  replace(text, "systemctl kill --kill-who=main --signal=USR1 alicorn.service",
          "kill -USR1 \"$(cat " + (folder / "pid") + ")\"");
  write_file(folder / "logrotate", text);
  std::filesystem::permissions(folder / "logrotate", std::filesystem::perms(0644));

  Load load(server.address(), {.clients = 2});
  constexpr int kRotations = 3;
  for (int i = 1; i <= kRotations; ++i) {
    EXPECT_TRUE(load.goes_on());
    const CommandResult result = run_command(
        {"/usr/sbin/logrotate", "--force", "--state", folder / "state", folder / "logrotate"});
    EXPECT_EQ(result.ending.exit_code, 0) << result.output;
    EXPECT_TRUE(eventually([&] { return lines_of(access) > 0; })) << "the new file is written to";
  }
  const LoadReport report = load.stop();
  EXPECT_EQ(report.lost, 0U);
  struct stat status {};
  ASSERT_EQ(::stat(access.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640U);
  EXPECT_EQ(status.st_uid, ::geteuid());

  server.signal(SIGTERM);
  EXPECT_TRUE(server.wait_for_end());
  // Counts the compressed files, too.
  const CommandResult lines = run_command({"sh", "-c", "zcat -f " + access + "* | wc -l"});
  EXPECT_EQ(lines.output, std::to_string(report.answered) + "\n");
}

}  // namespace
}  // namespace alicorn::test
