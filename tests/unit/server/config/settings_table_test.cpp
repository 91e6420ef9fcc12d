#include "server/config/settings_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace alicorn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string error_of(std::string_view key, const Values& values) {
  Config config = default_config();
  const auto done = assign(*find_setting(key), key, values, config);
  return done ? "" : done.error().text();
}

Config with(std::string_view key, const Values& values) {
  Config config = default_config();
  const auto done = assign(*find_setting(key), key, values, config);
  EXPECT_TRUE(done) << done.error().text();
  return config;
}

TEST(SettingsTable, NamesEachKeyAndFlagOnce) {
  std::set<std::string> names;
  for (const Setting& setting : settings_table()) {
    EXPECT_TRUE(names.insert(std::string(setting.key)).second) << setting.key;
    std::string_view flags = setting.flags;
    while (!flags.empty()) {
      const std::string flag(flags.substr(0, flags.find(',')));
      EXPECT_TRUE(names.insert(flag).second) << flag;
      flags.remove_prefix(std::min(flag.size() + 1, flags.size()));
    }
    EXPECT_FALSE(setting.help.empty() || setting.help.ends_with('.')) << setting.key;
    EXPECT_TRUE(not_applicable(setting.key).empty()) << setting.key;
  }
}

/// --print-config and the settings that a reload keeps rely on this.
TEST(SettingsTable, ReadsBackEveryDefault) {
  for (const Setting& setting : settings_table()) {
    const Values values = setting.field.get(default_config());
    if (values.empty()) continue;
    Config config;
    const auto done = assign(setting, setting.key, values, config);
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(setting.field.get(config), values) << setting.key;
  }
}

TEST(SettingsTable, HasTheDocumentedDefaults) {
  const Config config = default_config();
  ASSERT_EQ(config.binds.size(), 1U);
  EXPECT_EQ(config.binds[0].text(), "127.0.0.1:8000");
  EXPECT_EQ(config.backlog, 2048U);
  EXPECT_EQ(config.workers, 1U);
  EXPECT_EQ(config.worker.deadlines.silence, milliseconds(30'000));
  EXPECT_EQ(config.worker.threads, 1U);
  EXPECT_EQ(config.worker.connections_max, 1000U);
  EXPECT_EQ(config.worker.deadlines.keepalive, milliseconds(75'000));
  EXPECT_EQ(config.worker.deadlines.graceful, milliseconds(30'000));
  EXPECT_EQ(config.worker.limits.request_line_max, 8190U);
  EXPECT_EQ(config.worker.limits.field_count_max, 100U);
  EXPECT_EQ(config.worker.limits.field_size_max, 8190U);
  EXPECT_EQ(config.worker.limits.body_size_max, 16U << 20);
}

/// Sets one value per row and checks the member that it must reach. A row that is bound to its
/// neighbour's member fails here.
TEST(SettingsTable, ReachesEveryMember) {
  EXPECT_EQ(with("backlog", {"7"}).backlog, 7U);
  EXPECT_EQ(with("workers", {"7"}).workers, 7U);
  EXPECT_EQ(with("max_surge", {"7"}).max_surge, 7U);
  EXPECT_EQ(with("timeout", {"7"}).worker.deadlines.silence, seconds(7));
  EXPECT_EQ(with("boot_timeout", {"7"}).boot_timeout, seconds(7));
  EXPECT_EQ(with("chdir", {"d"}).chdir, "d");
  EXPECT_TRUE(with("daemon", {"true"}).daemon);
  EXPECT_THAT(with("raw_env", {"A=b=c"}).env, ElementsAre(Pair("A", "b=c")));
  EXPECT_EQ(with("pidfile", {"p"}).pidfile, "p");
  EXPECT_EQ(with("control_socket", {"p"}).control_socket, "p");
  EXPECT_EQ(with("user", {"u"}).user, "u");
  EXPECT_EQ(with("group", {"g"}).group, "g");
  EXPECT_EQ(with("umask", {"027"}).umask, mode_t{027});
  EXPECT_EQ(with("proc_name", {"n"}).proc_name, "n");
  EXPECT_EQ(with("errorlog", {"e"}).error_log.path, "e");
  EXPECT_EQ(with("loglevel", {"error"}).error_log.level, log::Level::kError);
  EXPECT_EQ(with("log_format", {"json"}).error_log.format, log::Format::kJson);
  EXPECT_TRUE(with("log_format", {"json"}).worker.access_log.json);
}

TEST(SettingsTable, ReachesEveryMemberOfTheWorker) {
  const auto worker = [](std::string_view key, const Values& values) {
    return with(key, values).worker;
  };
  EXPECT_EQ(worker("application", {"a.so:f"}).app_symbol, "f");
  EXPECT_THAT(worker("app", {"a.b=c"}).app_config, ElementsAre(Pair("a.b", "c")));
  EXPECT_EQ(worker("threads", {"7"}).threads, 7U);
  EXPECT_EQ(worker("worker_connections", {"7"}).connections_max, 7U);
  EXPECT_EQ(worker("max_requests", {"7"}).requests_max, 7U);
  EXPECT_EQ(worker("max_requests_jitter", {"7"}).requests_jitter, 7U);
  EXPECT_FALSE(worker("sendfile", {"false"}).sendfile);
  EXPECT_EQ(worker("server_header", {"s"}).server_header, "s");
  EXPECT_EQ(worker("header_map", {"refuse"}).header_map, WorkerSettings::HeaderMap::kRefuse);
  EXPECT_EQ(worker("accesslog", {"a"}).access_log.path, "a");
  EXPECT_EQ(worker("access_log_format", {"%(h)s"}).access_log.format, "%(h)s");
}

TEST(SettingsTable, ReachesEveryDeadlineAndLimit) {
  const auto deadlines = [](std::string_view key) { return with(key, {"7"}).worker.deadlines; };
  EXPECT_EQ(deadlines("graceful_timeout").graceful, seconds(7));
  EXPECT_EQ(deadlines("keepalive").keepalive, seconds(7));
  EXPECT_EQ(deadlines("header_timeout").header, seconds(7));
  EXPECT_EQ(deadlines("body_timeout").body, seconds(7));
  EXPECT_EQ(deadlines("body_min_rate").body_min_rate, 7U);
  EXPECT_EQ(deadlines("request_timeout").request, seconds(7));
  EXPECT_EQ(deadlines("write_timeout").write, seconds(7));
  EXPECT_EQ(deadlines("write_min_rate").write_min_rate, 7U);
  const auto limits = [](std::string_view key) { return with(key, {"77"}).worker.limits; };
  EXPECT_EQ(limits("limit_request_line").request_line_max, 77U);
  EXPECT_EQ(limits("limit_request_fields").field_count_max, 77U);
  EXPECT_EQ(limits("limit_request_field_size").field_size_max, 77U);
  EXPECT_EQ(limits("limit_request_body").body_size_max, 77U);
}

TEST(SettingsTable, SeparatesTheApplicationFromItsSymbol) {
  const auto application = [](const char* text) {
    const WorkerSettings worker = with("application", {text}).worker;
    return worker.app_path + " " + worker.app_symbol;
  };
  EXPECT_EQ(application("./a.so"), "./a.so alicorn_app_entry");
  EXPECT_EQ(application("./a.so:my_entry"), "./a.so my_entry");
  EXPECT_EQ(application("/odd:dir/a.so"), "/odd:dir/a.so alicorn_app_entry");
  EXPECT_EQ(application("/odd:dir/a.so:f"), "/odd:dir/a.so f");
  for (const char* text : {":f", "a.so:", ":"}) {
    EXPECT_THAT(error_of("application", {text}),
                HasSubstr("must be APP.so, APP.so:SYMBOL, or MODULE:CALLABLE"));
  }
}

TEST(SettingsTable, SaysWhatIsAllowedAndWhatWasFound) {
  EXPECT_EQ(error_of("workers", {"0"}), "workers must be a whole number from 1 to 200, not \"0\"");
  EXPECT_EQ(error_of("workers", {"201"}),
            "workers must be a whole number from 1 to 200, not \"201\"");
  EXPECT_EQ(error_of("threads", {"1025"}),
            "threads must be a whole number from 1 to 1024, not \"1025\"");
  EXPECT_EQ(error_of("boot_timeout", {"0"}),
            "boot_timeout must be seconds from 0.1 to 86400, not \"0\"");
  EXPECT_EQ(error_of("timeout", {"x"}),
            "timeout must be 0 (off) or seconds from 0.5 to 86400, not \"x\"");
  EXPECT_EQ(error_of("limit_request_line", {"0"}),
            "limit_request_line must be a size from 64 to 1MiB, in bytes or in kB, MB, GB, TB, "
            "KiB, MiB, GiB or TiB, not \"0\"");
  EXPECT_THAT(error_of("limit_body_memory", {"16m"}),
              HasSubstr("must be 0 (off) or a size from 1MiB to 1TiB, in bytes or in kB, "));
  EXPECT_THAT(error_of("limit_request_body", {"16m"}), HasSubstr("from 1 to 1024TiB, in "));
  EXPECT_EQ(with("limit_request_body", {"2TiB"}).worker.limits.body_size_max, 2ULL << 40);
  EXPECT_EQ(error_of("header_map", {"keep"}),
            "header_map must be drop, refuse or dangerous, not \"keep\"");
  EXPECT_EQ(error_of("umask", {"1000"}),
            "umask must be octal digits from 0 to 777, or \"inherit\", not \"1000\"");
  EXPECT_EQ(error_of("sendfile", {"2"}), "sendfile must be true or false, not \"2\"");
  EXPECT_EQ(error_of("loglevel", {"chatty"}),
            "loglevel must be debug, info, warning, error or critical, not \"chatty\"");
}

TEST(SettingsTable, RefusesMalformedNames) {
  EXPECT_EQ(error_of("raw_env", {"A"}), "raw_env must be NAME=VALUE, not \"A\"");
  EXPECT_EQ(error_of("raw_env", {"=b"}), "raw_env must be NAME=VALUE, not \"=b\"");
  EXPECT_EQ(error_of("raw_env", {"A=1", "A=2"}), "raw_env names \"A\" twice");
  for (const char* const bad : {"export A=1", "A =1", " A=1", "A: b=1", "A\tB=1", "\xc3\xa4=1"}) {
    EXPECT_THAT(error_of("raw_env", {bad}), HasSubstr("visible characters without blanks")) << bad;
  }
  EXPECT_THAT(error_of("bind", {"127.0.0.1:99999"}), HasSubstr("bind has a bad address"));
  EXPECT_EQ(error_of("bind", {}), "bind must name at least one address");
  EXPECT_EQ(error_of("user", {std::string("a\0b", 3)}), "user must not contain a NUL byte");
}

TEST(SettingsTable, SwitchesOffWithZero) {
  EXPECT_EQ(with("timeout", {"0"}).worker.deadlines.silence, milliseconds(0));
  EXPECT_EQ(with("max_requests", {"0"}).worker.requests_max, 0U);
  EXPECT_EQ(with("limit_request_body", {"0"}).worker.limits.body_size_max, 0U);
  EXPECT_FALSE(with("umask", {"inherit"}).umask);
}

TEST(SettingsTable, CutsALongValueInAnError) {
  EXPECT_LT(error_of("workers", {std::string(100'000, 'x')}).size(), 200U);
}

TEST(SettingsTable, SplitsProxiesAtCommas) {
  EXPECT_THAT(with("forwarded_allow_ips", {"10.0.0.1, ::1,", "*"}).worker.forwarded_allow_ips,
              ElementsAre("10.0.0.1", "::1", "*"));
  EXPECT_THAT(with("forwarded_allow_ips", {""}).worker.forwarded_allow_ips, IsEmpty());
}

TEST(SettingsTable, StoresFieldNamesInLowerCase) {
  EXPECT_THAT(with("secure_scheme_headers", {"X-Proto=HTTPS"}).worker.secure_scheme_headers,
              ElementsAre(Pair("x-proto", "HTTPS")));
}

TEST(NotApplicable, NamesGunicornsPythonSettings) {
  for (const char* key : {"paste",
                          "paste",
                          "logger_class",
                          "logconfig",
                          "logconfig_dict",
                          "spew",
                          "worker_class",
                          "asgi_loop",
                          "http_parser",
                          "permit_obsolete_folding",
                          "strip_header_spaces",
                          "casefold_http_method",
                          "tmp_upload_dir",
                          "ssl_version",
                          "certfile",
                          "keyfile",
                          "ca_certs",
                          "cert_reqs",
                          "ciphers",
                          "do_handshake_on_connect",
                          "suppress_ragged_eofs",

                          "reload_engine",
                          "reload_extra_files",
                          "dirty_workers"}) {
    EXPECT_THAT(not_applicable(key), HasSubstr(std::string(key) + " does not apply")) << key;
  }
  EXPECT_EQ(not_applicable("workers"), "");
  EXPECT_EQ(not_applicable("past"), "");
}

TEST(SettingsTable, RefusesVariablesThatAreReadAtProcessStart) {
  EXPECT_EQ(error_of("raw_env", {"LD_LIBRARY_PATH=/lib"}),
            "raw_env names LD_LIBRARY_PATH, which the dynamic loader read when the server "
            "started, so it would have no effect: set it in the environment that the server is "
            "started with (systemd: Environment=)");
  for (const char* const name : {"LD_PRELOAD", "LD_AUDIT", "LD_BIND_NOW", "GLIBC_TUNABLES",
                                 "MALLOC_ARENA_MAX", "MALLOC_CHECK_", "MALLOC_PERTURB_",
                                 "MALLOC_TRIM_THRESHOLD_", "ASAN_OPTIONS", "ALICORN_CMD_ARGS"}) {
    EXPECT_THAT(error_of("raw_env", {std::string(name) + "=1"}), HasSubstr("no effect")) << name;
  }
  EXPECT_EQ(
      with("raw_env", {"LDFLAGS=1", "MALLOC_TRACE=/t", "PORT=1", "LANG=C", "A.b-c=", "TZ=UTC"})
          .env.size(),
      6U);
}

TEST(SettingsTable, RefusesLineEndsInATextSetting) {
  for (const char* const key :
       {"pidfile", "chdir", "accesslog", "errorlog", "crash_dir", "control_socket", "user", "group",
        "proc_name", "syslog_prefix", "access_log_format", "server_header", "application"}) {
    EXPECT_THAT(error_of(key, {"/a\n"}), HasSubstr("must not contain a line end")) << key;
  }
  EXPECT_THAT(error_of("bind", {"unix:/a\n"}), HasSubstr("must not contain a line end"));
  EXPECT_EQ(error_of("access_log_format", {"%(h)s\t%(r)s"}), "");
  EXPECT_EQ(error_of("raw_env", {"KEY=-----BEGIN\nA\n"}), "") << "a key is several lines";
}

TEST(SettingsTable, RefusesPortZeroForDatagrams) {
  EXPECT_THAT(error_of("statsd_host", {"127.0.0.1:0"}), HasSubstr("nobody can listen on port 0"));
  EXPECT_THAT(error_of("syslog_addr", {"udp://127.0.0.1:0"}),
              HasSubstr("nobody can listen on port"));
}

TEST(SettingsTable, RequiresAFieldNameForASchemeHeader) {
  EXPECT_EQ(error_of("secure_scheme_headers", {"X-Tls =on"}),
            "secure_scheme_headers must be field names, NAME=VALUE, not \"x-tls \"");
  EXPECT_THAT(error_of("secure_scheme_headers", {"X: Tls=on"}), HasSubstr("field names"));
}

}  // namespace
}  // namespace alicorn
