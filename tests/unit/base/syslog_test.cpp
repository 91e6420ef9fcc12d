#include "base/syslog.hpp"

#include "base/log.hpp"
#include "tests/support/datagram_receiver.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include <unistd.h>

namespace alicorn {
namespace {

using test::DatagramReceiver;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

const std::string kPid = std::to_string(::getpid());

class SyslogTest : public ::testing::Test {
 protected:
  ~SyslogTest() override { EXPECT_TRUE(log::open({}).has_value()); }
  void open_log(log::Format format = log::Format::kText) {
    ASSERT_TRUE(log::open({.path = folder_ / "error", .format = format, .syslog = settings_}));
  }

  test::TemporaryFolder folder_;
  const std::string local_ = "unix:" + (folder_ / "log");
  SyslogSettings settings_{.enabled = true,
                           .address = *Address::parse(local_),
                           .facility = 16,
                           .name = "alicorn.my app"};
};

TEST_F(SyslogTest, UsesTheFormatOfGlibcForALocalDaemon) {
  DatagramReceiver daemon(local_);
  Syslog syslog(settings_, "error");
  EXPECT_EQ(syslog.send(Syslog::Severity::kWarning, "what is wrong"), 0);
  EXPECT_THAT(daemon.receive(), MatchesRegex("<132>[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]{8} "
                                             "alicorn\\.my_app\\.error\\[" +
                                             kPid + "\\]: what is wrong"));
}

TEST_F(SyslogTest, UsesRfc5424OverUdp) {
  DatagramReceiver daemon("127.0.0.1:0");
  settings_.address = daemon.address();
  Syslog syslog(settings_, "access");
  EXPECT_EQ(syslog.send(Syslog::Severity::kInfo, "GET /"), 0);
  EXPECT_THAT(daemon.receive(),
              MatchesRegex("<134>1 [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}[+-][0-9]{2}:"
                           "[0-9]{2} [!-~]+ alicorn\\.my_app\\.access " +
                           kPid + " - - GET /"));
}

TEST_F(SyslogTest, GetsTheErrorLogInAdditionToItsFile) {
  DatagramReceiver daemon(local_);
  open_log();
  log::error("cannot", {{"error", "no room"}});
  EXPECT_THAT(daemon.receive(), HasSubstr("]: [error] master: cannot error=\"no room\""));
  EXPECT_THAT(test::read_file(folder_ / "error"), HasSubstr("[error] master: cannot error="));
  log::debug("not told");
  log::critical("told");
  EXPECT_THAT(daemon.receive(), StartsWith("<130>"));
}

TEST_F(SyslogTest, GetsWholeObjects) {
  DatagramReceiver daemon(local_);
  open_log(log::Format::kJson);
  log::info("hello", {{"a", "b"}});
  EXPECT_THAT(daemon.receive(), MatchesRegex("<134>.*: \\{\"time\":.*\"a\":\"b\"\\}"));
}

TEST_F(SyslogTest, IsToldHowManyLinesItMissed) {
  auto daemon = std::make_unique<DatagramReceiver>(local_);
  open_log();
  log::info("one");
  daemon.reset();
  for (int i = 0; i < 3; ++i) log::info("missed");
  EXPECT_EQ(log::dropped_lines(), 3U);
  daemon = std::make_unique<DatagramReceiver>(local_);
  log::info("two");
  EXPECT_THAT(daemon->receive(), HasSubstr("3 log lines did not reach syslog and are lost"));
  EXPECT_THAT(daemon->receive(), HasSubstr("two"));
}

TEST_F(SyslogTest, CountsLinesLostOverUdp) {
  auto daemon = std::make_unique<DatagramReceiver>("127.0.0.1:0");
  const Address address = daemon->address();
  settings_.address = address;
  open_log();
  daemon.reset();
  for (int i = 0; i < 3; ++i) log::info("missed");
  daemon = std::make_unique<DatagramReceiver>(address.text());
  log::info("two");
  log::info("three");
  const std::string all = daemon->receive_until("three");
  EXPECT_THAT(all, HasSubstr("two"));
  EXPECT_THAT(all, HasSubstr("3 log lines did not reach syslog and are lost"));
}

}  // namespace
}  // namespace alicorn
