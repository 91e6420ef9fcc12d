#include "server/config/no_effect.hpp"

#include "server/config/load.hpp"
#include "server/config/settings_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::string> remarks(std::string_view yaml, const Sources& sources = {}) {
  const auto config = load_config_text(yaml, "a.yaml");
  EXPECT_TRUE(config) << config.error().text();
  return without_effect(*config, sources);
}

TEST(WithoutEffect, SaysNothingAboutDefaults) {
  EXPECT_THAT(remarks(""), IsEmpty());
  EXPECT_THAT(remarks("crash_files: 100\nhook_timeout: 30\nsyslog_facility: user\n"), IsEmpty());
}

TEST(WithoutEffect, NamesWhatIsMissing) {
  EXPECT_THAT(remarks("crash_files: 7\n"),
              ElementsAre("crash_files has no effect: crash_dir is not set"));
  EXPECT_THAT(remarks("crash_files: 7\ncrash_dir: /c\n"), IsEmpty());
  EXPECT_THAT(remarks("syslog_facility: mail\nstatsd_prefix: a\nhook_timeout: 3\n"
                      "bind_ipv6_only: on\naccess_log_format: '%(h)s'\n"),
              UnorderedElementsAre(HasSubstr("syslog_facility"), HasSubstr("statsd_prefix"),
                                   HasSubstr("hook_timeout"), HasSubstr("bind_ipv6_only"),
                                   HasSubstr("access_log_format")));
  EXPECT_THAT(remarks("syslog: on\nsyslog_facility: mail\nstatsd_prefix: a\n"
                      "statsd_host: 127.0.0.1:8125\nhook_timeout: 3\nhooks: {on_exit: 'true'}\n"
                      "bind_ipv6_only: on\nbind: '[::]:80'\naccess_log_format: '%(h)s'\n"),
              IsEmpty());
  EXPECT_THAT(remarks("accesslog: /a\nlog_format: json\naccess_log_format: '%(h)s'\n"),
              ElementsAre(HasSubstr("log_format json")));
}

TEST(WithoutEffect, NamesTheSourceOfTheSetting) {
  EXPECT_THAT(remarks("crash_files: 7\n", {{"crash_files", "a.yaml:1"}}),
              ElementsAre("a.yaml:1: crash_files has no effect: crash_dir is not set"));
}

}  // namespace
}  // namespace alicorn
