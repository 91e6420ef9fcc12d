#include "server/config/load.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <sys/stat.h>

namespace alicorn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

/// A server that is started in its own directory.
class LoadConfig : public testing::Test {
 protected:
  LoadConfig() {
    command_line_.working_directory = folder_.path();
    give("application", "APP", "a.so");
  }

  void give(std::string_view key, std::string flag, std::string value) {
    command_line_.from_arguments.push_back({key, std::move(flag), {std::move(value)}});
  }
  void write(std::string_view text, std::string_view name = "alicorn.yaml") const {
    test::write_file(folder_ / name, text);
  }
  Config load() {
    auto config = load_config(command_line_, &sources_);
    EXPECT_TRUE(config) << config.error().text();
    return config ? std::move(*config) : Config();
  }
  std::string error() const {
    const auto config = load_config(command_line_);
    return config ? "" : config.error().text();
  }

  test::TemporaryFolder folder_;
  CommandLine command_line_;
  Sources sources_;
};

TEST_F(LoadConfig, HasDefaults) {
  const Config config = load();
  EXPECT_EQ(config.workers, 1U);
  ASSERT_EQ(config.binds.size(), 1U);
  EXPECT_EQ(config.binds[0].text(), "127.0.0.1:8000");
  EXPECT_EQ(config.file, "");
  EXPECT_THAT(sources_, ElementsAre(Pair("application", "command line")));
}

TEST_F(LoadConfig, LaterSourcesTakePrecedence) {
  command_line_.environment.web_concurrency = "2";
  EXPECT_EQ(load().workers, 2U);
  EXPECT_EQ(sources_["workers"], "WEB_CONCURRENCY");
  write("threads: 3\nworkers: 3\n");
  EXPECT_EQ(load().workers, 3U);
  EXPECT_EQ(sources_["workers"], "alicorn.yaml:2");
  command_line_.from_environment.push_back({"workers", "--workers", {"4"}});
  EXPECT_EQ(load().workers, 4U);
  EXPECT_EQ(sources_["workers"], "ALICORN_CMD_ARGS");
  give("workers", "--workers", "5");
  EXPECT_EQ(load().workers, 5U);
  EXPECT_EQ(sources_["workers"], "command line");
  EXPECT_EQ(load().worker.threads, 3U);
}

TEST_F(LoadConfig, ReadsDefaultsFromTheEnvironment) {
  command_line_.environment = {.port = "5000",
                               .web_concurrency = "",
                               .forwarded_allow_ips = "10.1.2.3",
                               .command_arguments = ""};
  const Config config = load();
  ASSERT_EQ(config.binds.size(), 1U);
  EXPECT_EQ(config.binds[0].text(), "0.0.0.0:5000");
  EXPECT_THAT(config.worker.forwarded_allow_ips, ElementsAre("10.1.2.3"));
}

TEST_F(LoadConfig, AnErrorNamesTheVariable) {
  command_line_.environment.port = "http";
  EXPECT_EQ(error(), "PORT must be a whole number from 0 to 65535, not \"http\"");
  command_line_.environment.port = "65536";
  EXPECT_THAT(error(), HasSubstr("PORT must be"));
  command_line_.environment.port = "";
  command_line_.environment.web_concurrency = "many";
  EXPECT_EQ(error(), "WEB_CONCURRENCY must be a whole number from 1 to 200, not \"many\"");
}

TEST_F(LoadConfig, AnErrorNamesTheFlag) {
  command_line_.from_environment.push_back({"workers", "--workers", {"x"}});
  EXPECT_EQ(error(), "ALICORN_CMD_ARGS: --workers must be a whole number from 1 to 200, not \"x\"");
  command_line_.from_environment.clear();
  give("threads", "--threads", "0");
  EXPECT_EQ(error(), "--threads must be a whole number from 1 to 1024, not \"0\"");
}

TEST_F(LoadConfig, ReadsTheNamedFile) {
  write("workers: 2\n");
  write("workers: 3\n", "other.yaml");
  command_line_.config_file = "other.yaml";
  const Config config = load();
  EXPECT_EQ(config.workers, 3U);
  EXPECT_EQ(config.file, folder_ / "other.yaml");
}

TEST_F(LoadConfig, RefusesANamedFileThatIsMissing) {
  command_line_.config_file = "none.yaml";
  EXPECT_EQ(error(), "configuration file none.yaml: No such file or directory");
  command_line_.config_file = ".";
  EXPECT_EQ(error(), "configuration file .: Is a directory");
}

TEST_F(LoadConfig, RefusesATooLargeFile) {
  write(std::string(2 << 20, '#'));
  EXPECT_EQ(error(), "configuration file alicorn.yaml: File too large");
}

TEST_F(LoadConfig, NeedsAnApplicationToServe) {
  command_line_.from_arguments.clear();
  EXPECT_EQ(error(), "no application given: alicorn [OPTIONS] APP.so[:SYMBOL]");
  command_line_.action = CommandLine::Action::kPrintConfig;
  EXPECT_EQ(error(), "");
}

TEST_F(LoadConfig, MakesPathsAbsolute) {
  write("accesslog: logs/access\nerrorlog: '-'\npidfile: /run/a.pid\n");
  const Config config = load();
  EXPECT_EQ(config.worker.app_path, folder_ / "a.so");
  EXPECT_EQ(config.worker.access_log.path, folder_ / "logs/access");
  EXPECT_EQ(config.error_log.path, "-");
  EXPECT_EQ(config.pidfile, "/run/a.pid");
  EXPECT_EQ(config.chdir, "");
}

TEST_F(LoadConfig, ResolvesPathsRelativeToChdir) {
  write("chdir: app\npidfile: ./a.pid\n");
  const Config config = load();
  EXPECT_EQ(config.chdir, folder_ / "app");
  EXPECT_EQ(config.worker.app_path, folder_ / "app/a.so");
  EXPECT_EQ(config.pidfile, folder_ / "app/a.pid");
  EXPECT_EQ(config.file, folder_ / "alicorn.yaml");
}

TEST_F(LoadConfig, RaisesTheHeadLimitToFitItsParts) {
  EXPECT_EQ(load().worker.limits.head_size_max, 65'536U);
  write("limit_request_line: 60000\nlimit_request_field_size: 10000\n");
  EXPECT_EQ(load().worker.limits.head_size_max, 70'004U);
}

TEST_F(LoadConfig, ChecksTheSettingsTogether) {
  write("max_requests_jitter: 5\n");
  EXPECT_EQ(error(), "alicorn.yaml:1: max_requests_jitter has no effect without max_requests");
}

TEST_F(LoadConfig, LateErrorsNameTheSource) {
  const std::string why = ": 'x' is no IP address, network or *";
  command_line_.environment.forwarded_allow_ips = "x";
  EXPECT_EQ(error(), "FORWARDED_ALLOW_IPS" + why);
  write("workers: 2\nforwarded_allow_ips: x\n");
  EXPECT_EQ(error(), "alicorn.yaml:2: forwarded_allow_ips" + why);
  command_line_.from_environment.push_back({"forwarded_allow_ips", "--forwarded-allow-ips", {"x"}});
  EXPECT_EQ(error(), "ALICORN_CMD_ARGS: --forwarded-allow-ips" + why);
  give("forwarded_allow_ips", "--forwarded-allow-ips", "x");
  EXPECT_EQ(error(), "--forwarded-allow-ips" + why);
}

TEST_F(LoadConfig, ErrorsAboutDefaultsNameNoSource) {
  write("daemon: true\n");
  EXPECT_THAT(error(), testing::StartsWith("errorlog \"-\" contradicts daemon"));
}

TEST_F(LoadConfig, AReloadChangesOnlyWhatNeedsNoRestart) {
  write("workers: 2\nuser: www\n");
  const Config running = load();
  write("workers: 3\nuser: other\nbind: 127.0.0.1:81\n");
  const auto reloaded = reload_config(command_line_, running);
  ASSERT_TRUE(reloaded) << reloaded.error().text();
  EXPECT_EQ(reloaded->config.workers, 3U);
  EXPECT_EQ(reloaded->config.user, "www");
  EXPECT_EQ(reloaded->config.binds[0].text(), "127.0.0.1:81");
  EXPECT_THAT(reloaded->need_restart, ElementsAre("user"));
}

TEST_F(LoadConfig, AReloadKeepsTheBaseDirectoryOfPaths) {
  write("chdir: one\npidfile: p\n");
  const Config running = load();
  EXPECT_EQ(running.worker.app_path, folder_ / "one/a.so");
  write("chdir: two\npidfile: p\nerrorlog: e\n");
  const auto reloaded = reload_config(command_line_, running);
  ASSERT_TRUE(reloaded) << reloaded.error().text();
  EXPECT_THAT(reloaded->need_restart, ElementsAre("chdir"));
  EXPECT_EQ(reloaded->config.chdir, folder_ / "one");
  EXPECT_EQ(reloaded->config.worker.app_path, folder_ / "one/a.so");
  EXPECT_EQ(reloaded->config.error_log.path, folder_ / "one/e");
}

TEST_F(LoadConfig, AReloadChecksNewSettingsAgainstKeptOnes) {
  write("daemon: true\nerrorlog: e\n");
  const Config running = load();
  write("workers: 3\n");
  const auto lost = reload_config(command_line_, running);
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().text(), testing::HasSubstr("errorlog \"-\" contradicts daemon"));
  write("errorlog: other\n");
  const auto reloaded = reload_config(command_line_, running);
  ASSERT_TRUE(reloaded) << reloaded.error().text();
  EXPECT_TRUE(reloaded->config.daemon);
  EXPECT_THAT(reloaded->need_restart, ElementsAre("daemon"));
}

TEST_F(LoadConfig, AReloadIgnoresErrorsInSettingsItDoesNotApply) {
  write("errorlog: e\n");
  const Config running = load();
  write("daemon: true\n");
  const auto reloaded = reload_config(command_line_, running);
  ASSERT_TRUE(reloaded) << reloaded.error().text();
  EXPECT_FALSE(reloaded->config.daemon);
}

TEST_F(LoadConfig, AReloadDoesNotWaitForAPipe) {
  write("workers: 2\n");
  const Config running = load();
  std::filesystem::remove(folder_ / "alicorn.yaml");
  ASSERT_EQ(::mkfifo((folder_ / "alicorn.yaml").c_str(), 0600), 0);
  EXPECT_EQ(reload_config(command_line_, running).error().text(),
            "configuration file alicorn.yaml: is no regular file");
}

TEST_F(LoadConfig, AReloadFailsOnABrokenOrMissingFile) {
  write("workers: 2\n");
  const Config running = load();
  write("workers: many\n");
  EXPECT_THAT(reload_config(command_line_, running).error().text(),
              HasSubstr("alicorn.yaml:1:10: workers must be"));
  std::filesystem::remove(folder_ / "alicorn.yaml");
  EXPECT_EQ(reload_config(command_line_, running).error().text(),
            "configuration file alicorn.yaml: No such file or directory");
  command_line_.from_arguments.clear();  // as if the file had named the application
  EXPECT_THAT(reload_config(command_line_, running).error().text(),
              HasSubstr("configuration file alicorn.yaml"));
}

}  // namespace
}  // namespace alicorn
