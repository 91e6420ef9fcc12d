#include "workers/log/access_log.hpp"

#include "tests/support/log_target.hpp"
#include "tests/unit/workers/log/access_record_fixture.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <unistd.h>

namespace alicorn {
namespace {

using test::read_file;
using ::testing::MatchesRegex;

class AccessLogTest : public test::AccessRecordTest {
 protected:
  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "access";
};

TEST_F(AccessLogTest, IsOffWithoutAPath) {
  const Result<std::unique_ptr<AccessLog>> log = AccessLog::open({.path = "", .format = "%(bad"});
  ASSERT_TRUE(log.has_value());
  EXPECT_FALSE((*log)->enabled());
  (*log)->write(record);
  EXPECT_TRUE((*log)->reopen().has_value());
}

TEST_F(AccessLogTest, WritesALinePerRequest) {
  {
    Result<std::unique_ptr<AccessLog>> log =
        AccessLog::open({.path = path_, .format = "%(m)s %(U)s %(p)s %(t)s"});
    ASSERT_TRUE(log.has_value());
    EXPECT_TRUE((*log)->enabled());
    (*log)->write(record);
    request.path = "/other";
    (*log)->write(record);
  }
  const std::string time_text = "\\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}\\]\n";
  const std::string pid = "<" + std::to_string(::getpid()) + "> ";
  EXPECT_THAT(read_file(path_),
              MatchesRegex("GET /path " + pid + time_text + "GET /other " + pid + time_text));
}

TEST_F(AccessLogTest, WritesAnObjectPerRequest) {
  {
    Result<std::unique_ptr<AccessLog>> log =
        AccessLog::open({.path = path_, .format = "%(not looked at", .json = true});
    ASSERT_TRUE(log.has_value());
    (*log)->write(record);
  }
  EXPECT_THAT(read_file(path_), MatchesRegex("\\{\"time\":\"[^\n]*\"status\":200,[^\n]*\\}\n"));
}

TEST_F(AccessLogTest, Reopens) {
  {
    Result<std::unique_ptr<AccessLog>> log = AccessLog::open({.path = path_, .format = "%(s)s"});
    ASSERT_TRUE(log.has_value());
    (*log)->write(record);
    std::filesystem::rename(path_, path_ + ".1");
    EXPECT_TRUE((*log)->reopen().has_value());
    while (!std::filesystem::exists(path_)) std::this_thread::yield();
    record.status = 404;
    (*log)->write(record);
  }
  EXPECT_EQ(read_file(path_ + ".1"), "200\n");
  EXPECT_EQ(read_file(path_), "404\n");
}

TEST_F(AccessLogTest, RefusesABadFormatAndABadPath) {
  EXPECT_FALSE(AccessLog::open({.path = path_, .format = "%(nope)s"}).has_value());
  EXPECT_FALSE(std::filesystem::exists(path_));
  const auto missing = AccessLog::open({.path = folder_ / "none/x", .format = "%(s)s"});
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error().text(), ::testing::StartsWith("access log: open "));
  EXPECT_THAT(missing.error().text(), ::testing::EndsWith("none/x: No such file or directory"));
  EXPECT_TRUE(AccessLog::check_format("%(h)s").has_value());
  EXPECT_EQ(AccessLog::check_format("%(nope)s").error().text(),
            "access log format: unknown atom '%(nope)s' at position 1");
}

}  // namespace
}  // namespace alicorn
