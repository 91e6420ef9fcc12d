#include "server/config/log_settings.hpp"

#include "server/config/load.hpp"

#include <gmock/gmock.h>

#include <string>

namespace alicorn {
namespace {

using ::testing::HasSubstr;

std::string error_of(std::string_view key, const std::string& value) {
  Config config = default_config();
  const auto done = assign(*find_setting(key), key, {value}, config);
  return done ? "" : done.error().text();
}

std::string printed(std::string_view key, const std::string& value) {
  Config config = default_config();
  const Setting& setting = *find_setting(key);
  EXPECT_TRUE(assign(setting, key, {value}, config).has_value()) << value;
  return setting.field.get(config).front();
}

TEST(LogSettings, AcceptGunicornsSpellingOfTheSyslogAddress) {
  EXPECT_EQ(printed("syslog_addr", "unix:///dev/log#dgram"), "unix:///dev/log");
  EXPECT_EQ(printed("syslog_addr", "unix:/run/log"), "unix:///run/log");
  EXPECT_EQ(printed("syslog_addr", "udp://localhost:515"), "udp://127.0.0.1:515");
  EXPECT_EQ(printed("syslog_addr", "udp://10.0.0.1"), "udp://10.0.0.1:514");
  EXPECT_EQ(printed("syslog_addr", "udp://[::1]"), "udp://[::1]:514");
}

TEST(LogSettings, SayWhatIsWrongWithASyslogAddress) {
  EXPECT_THAT(error_of("syslog_addr", "tcp://10.0.0.1"), HasSubstr("TCP is not supported"));
  EXPECT_THAT(error_of("syslog_addr", "unix:///dev/log#stream"), HasSubstr("#dgram"));
  EXPECT_THAT(error_of("syslog_addr", "udp://loghost"), HasSubstr("the host is an IP address"));
  EXPECT_THAT(error_of("syslog_addr", "unix:dev/log"), HasSubstr("must begin with a slash"));
  EXPECT_THAT(error_of("syslog_addr", "/dev/log"), HasSubstr("expected"));
}

TEST(LogSettings, AcceptAStatsdAddress) {
  EXPECT_EQ(printed("statsd_host", "localhost:8125"), "127.0.0.1:8125");
  EXPECT_EQ(printed("statsd_host", "unix:///run/statsd"), "unix:/run/statsd");
  EXPECT_EQ(printed("statsd_host", ""), "");
  EXPECT_THAT(error_of("statsd_host", "localhost"), HasSubstr("HOST:PORT or unix:PATH expected"));
  EXPECT_EQ(printed("statsd_prefix", "shop.live."), "shop.live");
  EXPECT_THAT(error_of("statsd_prefix", "a|b"), HasSubstr("visible ASCII"));
}

}  // namespace
}  // namespace alicorn
