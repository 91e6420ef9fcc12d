#include "server/config/load.hpp"
#include "tests/support/golden_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace alicorn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string error_of(std::string_view yaml) {
  const auto config = load_config_text(yaml, "a.yaml");
  return config ? "" : config.error().text();
}

Config load(std::string_view yaml) {
  auto config = load_config_text(yaml, "a.yaml");
  EXPECT_TRUE(config) << config.error().text();
  return config ? std::move(*config) : Config();
}

TEST(Yaml, MayBeEmpty) {
  for (const char* yaml : {"", "\n", "# nothing\n", "# nothing", "---\n", "~\n", "...\n"}) {
    EXPECT_EQ(load(yaml).workers, 1U) << yaml;
  }
}

TEST(Yaml, NamesLineAndColumnOfASyntaxError) {
  EXPECT_EQ(error_of("workers: 4\n  threads: 5\n"), "a.yaml:2:10: illegal map value");
  EXPECT_THAT(error_of("bind: [a\n"), HasSubstr("a.yaml:2:1: "));
  EXPECT_EQ(error_of("user: \"www\nworkers: 4\n"), "a.yaml:3:1: a quoted text is not closed");
  EXPECT_EQ(error_of("user: 'www"), "a.yaml:1:1: a quoted text is not closed");
  EXPECT_THAT(error_of("bind: *none\n"), HasSubstr("a.yaml:1:7: "));
}

TEST(Yaml, NamesLineAndColumnOfAWrongValue) {
  EXPECT_EQ(error_of("threads: 2\nworkers: four\n"),
            "a.yaml:2:10: workers must be a whole number from 1 to 200, not \"four\"");
  EXPECT_EQ(error_of("timeout: -1\n"),
            "a.yaml:1:10: timeout must be 0 (off) or seconds from 0.5 to 86400, not \"-1\"");
}

TEST(Yaml, SuggestsTheKeyThatWasMeant) {
  EXPECT_EQ(error_of("threads: 2\nworkes: 4\n"),
            "a.yaml:2:1: unknown setting \"workes\", did you mean \"workers\"?");
  EXPECT_EQ(error_of("max-requests: 4\n"),
            "a.yaml:1:1: unknown setting \"max-requests\", did you mean \"max_requests\"?");
  EXPECT_EQ(error_of("no_such_key: x\n"), "a.yaml:1:1: unknown setting \"no_such_key\"");
}

TEST(Yaml, NamesSettingsThatDoNotApply) {
  EXPECT_THAT(error_of("worker_class: gevent\n"),
              HasSubstr("a.yaml:1:1: worker_class does not apply to Alicorn: "));
}

TEST(Yaml, RefusesADuplicateKey) {
  EXPECT_EQ(error_of("workers: 1\nthreads: 1\nworkers: 2\n"),
            "a.yaml:3:1: \"workers\" is given twice, first in line 1");
  EXPECT_EQ(error_of("app:\n  a: 1\n  a: 2\n"),
            "a.yaml:3:3: \"a\" is given twice, first in line 2");
  EXPECT_EQ(error_of("raw_env: {A: 1, A: 2}\n"),
            "a.yaml:1:17: \"A\" is given twice, first in line 1");
}

TEST(Yaml, RefusesTheWrongShape) {
  EXPECT_THAT(error_of("- workers\n"), HasSubstr("a.yaml:1:1: must be a map of settings"));
  EXPECT_THAT(error_of("workers\n"), HasSubstr("a.yaml:1:1: must be a map of settings"));
  EXPECT_EQ(error_of("workers: [1]\n"), "a.yaml:1:10: workers must be one value");
  EXPECT_EQ(error_of("workers: {a: 1}\n"), "a.yaml:1:10: workers must be one value");
  EXPECT_EQ(error_of("bind: {a: b}\n"), "a.yaml:1:7: bind must be a list");
  EXPECT_EQ(error_of("bind: [[a]]\n"), "a.yaml:1:8: bind must be a list of single values");
  EXPECT_EQ(error_of("raw_env: {A: [1]}\n"), "a.yaml:1:14: raw_env.A must be one value");
  EXPECT_EQ(error_of("app: 1\n"), "a.yaml:1:6: app must be a map");
  EXPECT_EQ(error_of("? [a]\n: b\n"), "a.yaml:1:3: a key must be a name");
  EXPECT_EQ(error_of("\n  pidfile:\n"), "a.yaml:2:3: pidfile has no value");
  EXPECT_EQ(error_of("---\nworkers: 1\n---\nworkers: 2\n"),
            "a.yaml:3:1: only one document is read, and it ends before this");
}

TEST(Yaml, AcceptsASingleItemForAList) {
  EXPECT_EQ(load("bind: unix:/run/a.sock\n").binds.size(), 1U);
  const Config config = load("bind:\n  - 127.0.0.1:80\n  - '[::1]:80'\n");
  ASSERT_EQ(config.binds.size(), 2U);
  EXPECT_EQ(config.binds[1].text(), "[::1]:80");
}

TEST(Yaml, AcceptsAMapOrAListOfPairs) {
  EXPECT_THAT(load("raw_env: {A: 1, B: x=y}\n").env, ElementsAre(Pair("A", "1"), Pair("B", "x=y")));
  EXPECT_THAT(load("raw_env: [A=1, B=2]\n").env, ElementsAre(Pair("A", "1"), Pair("B", "2")));
  EXPECT_THAT(load("secure_scheme_headers:\n  X-Tls: 'on'\n").worker.secure_scheme_headers,
              ElementsAre(Pair("x-tls", "on")));
}

TEST(Yaml, FlattensTheAppSection) {
  const Config config = load(
      "app:\n"
      "  database: {url: 'x=y', pool: {size: 5}}\n"
      "  origins: [a, [b, c], {d: e}]\n"
      "  nothing:\n"
      "  empty: []\n");
  EXPECT_THAT(
      config.worker.app_config,
      ElementsAre(Pair("database.url", "x=y"), Pair("database.pool.size", "5"),
                  Pair("origins.0", "a"), Pair("origins.1.0", "b"), Pair("origins.1.1", "c"),
                  Pair("origins.2.d", "e"), Pair("nothing", ""), Pair("empty", "")));
  EXPECT_TRUE(load("app:\n").worker.app_config.empty());
}

TEST(Yaml, RefusesAmbiguousNamesInTheAppSection) {
  EXPECT_THAT(error_of("app: {a: {b: 1}, a.b: 2}\n"), HasSubstr("app names \"a.b\" twice"));
  EXPECT_THAT(error_of("app: {'a=b': 1}\n"), HasSubstr("a.yaml:1:7: a key of app must not"));
  EXPECT_THAT(error_of("app: {'': 1}\n"), HasSubstr("a.yaml:1:7: a key of app must not"));
}

TEST(Yaml, RefusesANameWithASeparatorInIt) {
  EXPECT_EQ(error_of("raw_env: {'A=B': c}\n"),
            "a.yaml:1:11: a name in raw_env must not contain a \"=\"");
  EXPECT_THAT(error_of("secure_scheme_headers: {'X=': c}\n"),
              HasSubstr("must not contain a \"=\""));
}

TEST(Yaml, RefusesMergeKeys) {
  for (const char* yaml :
       {"<<: {workers: 2}\n", "raw_env: {<<: {A: b}}\n", "app:\n  a: &a {x: 1}\n  b: {<<: *a}\n",
        "app: {a: [{<<: {x: 1}}]}\n", "hooks: {<<: {on_exit: x}}\n", "app: {'<<': 1}\n"}) {
    EXPECT_THAT(error_of(yaml), HasSubstr("merge keys (<<) are not supported")) << yaml;
  }
  EXPECT_THAT(load("app: {a: &a [x], b: *a}\n").worker.app_config,
              ElementsAre(Pair("a.0", "x"), Pair("b.0", "x")));
}

TEST(Yaml, RefusesTagsThatWouldBeIgnored) {
  EXPECT_EQ(
      error_of("app:\n  key: !env SECRET\n"),
      "a.yaml:2:8: the tag !env is not supported, and its value would be taken literally: write "
      "the value itself");
  for (const char* yaml :
       {"workers: !count 2\n", "app: {a: !!binary aGk=}\n", "app: {a: !include [x]}\n",
        "raw_env: {!k A: b}\n", "app: !!set {a: 1}\n", "app: {a: !env }\n",
        "app: {a: !<tag:x.org,2026:y> z}\n", "!all {workers: 2}\n"}) {
    EXPECT_THAT(error_of(yaml), HasSubstr("is not supported")) << yaml;
  }
  EXPECT_EQ(load("workers: !!int 2\napp: !!map {a: !!str 5, b: !!seq [! c]}\n").workers, 2U);
}

TEST(Yaml, RefusesEndlessDocuments) {
  std::string bomb = "app:\n  a0: &a0 [x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "  a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 1; j < 8; ++j) bomb += ", " + last;
    bomb += "]\n";
  }
  EXPECT_THAT(error_of(bomb), HasSubstr("app is too large or nested too deeply"));
  EXPECT_THAT(error_of(","), HasSubstr("a.yaml:1:1: only one document is read"));
  EXPECT_THAT(error_of("app: &a {x: *a}\n"), HasSubstr("app is too large or nested too deeply"));
  EXPECT_THAT(error_of("app: " + std::string(100'000, '[')), HasSubstr("a.yaml"));
}

TEST(Yaml, LoadsEveryFileOfConf) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ALICORN_SOURCE_DIR "/conf")) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const std::string name = "conf/" + entry.path().filename().string();
    const auto config = load_config_text(test::read_source_file(name), name);
    EXPECT_TRUE(config) << config.error().text();
  }
  EXPECT_GE(files, 2U);
}

}  // namespace
}  // namespace alicorn
