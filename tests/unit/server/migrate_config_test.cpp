#include "server/migrate_config.hpp"

#include "server/config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MigrateConfig, KeepsWhatBothHave) {
  const std::string text = migrate({{"bind", "[\"127.0.0.1:8000\", \"unix:/run/x\"]"},
                                    {"workers", "4"},
                                    {"threads", "2"},
                                    {"preload_app", "true"},
                                    {"wsgi_app", "\"mysite.wsgi:application\""},
                                    {"worker_class", "\"gthread\""},
                                    {"umask", "\"022\""},
                                    {"raw_env", "[\"A=b c\"]"},
                                    {"secure_scheme_headers", "{\"X-FORWARDED-PROTO\": \"https\"}"},
                                    {"errorlog", "\"-\""},
                                    {"certfile", "null"}},
                                   "gunicorn.conf.py");
  EXPECT_THAT(text, HasSubstr("# Made from gunicorn.conf.py"));
  const auto config = load_config_text(text, "alicorn.yaml");
  ASSERT_TRUE(config) << config.error().text() << text;
  EXPECT_EQ(config->workers, 4U);
  EXPECT_EQ(config->worker.threads, 2U);
  EXPECT_TRUE(config->preload);
  EXPECT_EQ(config->binds.size(), 2U);
  EXPECT_EQ(config->worker.python.application, "mysite.wsgi:application");
  EXPECT_EQ(config->umask, 022U);
  EXPECT_THAT(text, Not(HasSubstr("worker_class")));
  EXPECT_THAT(text, Not(HasSubstr("certfile")));
}

TEST(MigrateConfig, NamesWhatHasNoCounterpart) {
  const std::string text = migrate({{"worker_class", "\"gevent\""},
                                    {"certfile", "\"/etc/x.pem\""},
                                    {"post_fork", ""},
                                    {"helper", ""},
                                    {"cores", "2"},
                                    {"limit_request_line", "0"}},
                                   "g.py");
  EXPECT_THAT(text, HasSubstr("# worker_class: \"gevent\"\n#   worker_class does not apply to "
                              "Alicorn: there is one kind of worker"));
  EXPECT_THAT(
      text,
      HasSubstr("# certfile: \"/etc/x.pem\"\n#   certfile does not apply to Alicorn: TLS belongs"));
  EXPECT_THAT(text, HasSubstr("# post_fork\n#   a function"));
  EXPECT_THAT(text, HasSubstr("# limit_request_line: 0\n#   "));
  EXPECT_THAT(text, HasSubstr("limit_request_line must be"));
  EXPECT_THAT(text, Not(HasSubstr("helper")));
  EXPECT_THAT(text, Not(HasSubstr("cores")));
  EXPECT_TRUE(load_config_text(text, "alicorn.yaml"));
}

}  // namespace
}  // namespace alicorn
