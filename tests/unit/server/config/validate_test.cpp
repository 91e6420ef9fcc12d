#include "server/config/validate.hpp"

#include "server/config/settings_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using testing::HasSubstr;

std::string error_of(const Config& config) {
  const auto valid = validate(config);
  return valid ? "" : valid.error().text();
}

void bind(Config& config, std::initializer_list<const char*> addresses) {
  config.binds.clear();
  for (const char* address : addresses) config.binds.push_back(*Address::parse(address));
}

TEST(Validate, AcceptsTheDefaults) {
  EXPECT_EQ(error_of(default_config()), "");
}

TEST(Validate, RefusesADuplicateAddress) {
  Config config = default_config();
  bind(config, {"127.0.0.1:80", "[::1]:80", "127.0.0.1:80"});
  EXPECT_EQ(error_of(config), "bind names 127.0.0.1:80 twice");
  bind(config, {"unix:/a", "unix:/a"});
  EXPECT_EQ(error_of(config), "bind names unix:/a twice");
  bind(config, {"127.0.0.1:80", "127.0.0.1:81", "unix:/a", "unix:/b"});
  EXPECT_EQ(error_of(config), "");
}

TEST(Validate, AllowsSeveralPortsChosenByTheKernel) {
  Config config = default_config();
  bind(config, {"127.0.0.1:0", "127.0.0.1:0"});
  EXPECT_EQ(error_of(config), "");
}

TEST(Validate, RefusesJitterWithoutMaxRequests) {
  Config config = default_config();
  config.worker.requests_jitter = 5;
  EXPECT_EQ(error_of(config), "max_requests_jitter has no effect without max_requests");
  config.worker.requests_max = 100;
  EXPECT_EQ(error_of(config), "");
}

TEST(Validate, RefusesATooLongControlSocketPath) {
  Config config = default_config();
  config.control_socket = "/" + std::string(95, 'x');
  EXPECT_EQ(error_of(config), "");
  config.control_socket += 'x';
  EXPECT_EQ(error_of(config), "control_socket must be a path of at most 96 bytes, not \"" +
                                  config.control_socket + "\"");
}

TEST(Validate, RefusesStandardStreamsForADaemonsLogs) {
  Config config = default_config();
  config.worker.access_log.path = "-";
  EXPECT_EQ(error_of(config), "");
  config.daemon = true;
  config.error_log.path = "/var/log/error.log";
  EXPECT_EQ(error_of(config),
            "accesslog \"-\" contradicts daemon: a daemon has no standard streams");
  config.worker.access_log.path = "/var/log/access.log";
  EXPECT_EQ(error_of(config), "");
  for (const char* stream : {"-", "/dev/stderr", "/proc/self/fd/1"}) {
    config.error_log.path = stream;
    EXPECT_THAT(error_of(config), HasSubstr("contradicts daemon"));
  }
  config.error_log.syslog.enabled = true;
  EXPECT_EQ(error_of(config), "");
}

TEST(Validate, RefusesAMalformedAccessLogFormat) {
  Config config = default_config();
  config.worker.access_log.format = "%(nosuch)s";
  EXPECT_THAT(error_of(config), HasSubstr("access_log_format: "));
  config.worker.access_log.json = true;
  EXPECT_EQ(error_of(config), "");
}

TEST(Validate, RefusesAServerFieldThatWouldBreakTheResponse) {
  Config config = default_config();
  config.worker.server_header = "a\r\nSet-Cookie: b";
  EXPECT_EQ(error_of(config), "server_header must hold only visible ASCII characters");
  config.worker.server_header = "";
  EXPECT_EQ(error_of(config), "");
}

TEST(Validate, RefusesAProxyThatIsNotAnAddress) {
  Config config = default_config();
  config.worker.forwarded_allow_ips = {"127.0.0.1", "proxy.example"};
  EXPECT_THAT(error_of(config), HasSubstr("forwarded_allow_ips: "));
  EXPECT_THAT(error_of(config), HasSubstr("proxy.example"));
}

TEST(RequireApplication, SaysWhatToDo) {
  Config config = default_config();
  EXPECT_EQ(require_application(config).error().text(),
            "no application given: alicorn [OPTIONS] APP.so[:SYMBOL]");
  config.worker.app_path = "/a.so";
  EXPECT_TRUE(require_application(config));
}

TEST(Validate, RefusesAnAddressIncludedInAnother) {
  Config config = default_config();
  bind(config, {"127.0.0.1:80", "0.0.0.0:80"});
  EXPECT_EQ(error_of(config),
            "bind names 127.0.0.1:80 beside 0.0.0.0:80, which includes it: leave one of them "
            "out");
  bind(config, {"[::]:80", "[::1]:80"});
  EXPECT_THAT(error_of(config), HasSubstr("bind names [::1]:80 beside [::]:80"));
  bind(config, {"[::]:80", "0.0.0.0:80", "0.0.0.0:81", "[::]:0", "[::1]:0"});
  EXPECT_EQ(error_of(config), "");
  bind(config, {"[::]:80", "127.0.0.1:80"});
  EXPECT_EQ(error_of(config), "");
}

TEST(Validate, RefusesASchemeFieldThatNeverArrives) {
  Config config = default_config();
  config.worker.secure_scheme_headers = {{"x_scheme", "https"}};
  EXPECT_THAT(error_of(config), HasSubstr("secure_scheme_headers names x_scheme"));
  config.worker.header_map = WorkerSettings::HeaderMap::kDangerous;
  EXPECT_EQ(error_of(config), "");
  config.worker.secure_scheme_headers = {{"proxy", "https"}};
  EXPECT_THAT(error_of(config), HasSubstr("always dropped"));
}

TEST(Validate, RefusesASumThatOverflows) {
  Config config = default_config();
  config.worker.requests_max = ~std::uint64_t{0};
  EXPECT_EQ(error_of(config), "");
  config.worker.requests_jitter = 1;
  EXPECT_THAT(error_of(config), HasSubstr("exceed 64 bits"));
}

TEST(Validate, RefusesAStreamForAnythingButALog) {
  Config config = default_config();
  config.pidfile = "-";
  EXPECT_THAT(error_of(config), HasSubstr("pidfile must be a path"));
  config.pidfile = "";
  config.worker.crash.directory = "-";
  EXPECT_THAT(error_of(config), HasSubstr("crash_dir must be a path"));
}

TEST(Validate, RefusesAnEmptyErrorLogPath) {
  Config config = default_config();
  config.error_log.path = "";
  EXPECT_THAT(error_of(config), HasSubstr("errorlog must be a path"));
}

}  // namespace
}  // namespace alicorn
