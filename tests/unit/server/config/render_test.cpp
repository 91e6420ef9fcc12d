#include "server/config/render.hpp"

#include "server/config/settings_table.hpp"
#include "tests/support/golden_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace alicorn {
namespace {

using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// A configuration in which every kind of value needs quoting or another special treatment.
Config unusual_config() {
  const auto config = load_config_text(
      "application: /srv/app.so:entry\n"
      "app: {greeting: 'say \"hi\"', database: {url: 'a\\b', \"quo te\": 1}}\n"
      "bind: ['[::1]:80', 'unix:/run/a b.sock']\n"
      "raw_env: {A: \"tab\\there\", B: ''}\n"
      "umask: 27\n"
      "timeout: 1500ms\n"
      "limit_request_body: 1GiB\n"
      "daemon: true\n"
      "errorlog: /srv/error.log\n"
      "log_format: json\n",
      "test");
  EXPECT_TRUE(config) << config.error().text();
  return *config;
}

TEST(RenderConfig, CanBeReadAgain) {
  const Config config = unusual_config();
  const auto again = load_config_text(render_config(config, {}), "rendered");
  ASSERT_TRUE(again) << again.error().text();
  for (const Setting& setting : settings_table()) {
    EXPECT_EQ(setting.field.get(*again), setting.field.get(config)) << setting.key;
  }
}

TEST(RenderConfig, NamesTheSourceOfEachValue) {
  const std::string text =
      render_config(unusual_config(), {{"umask", "alicorn.yaml:6"}, {"app", "alicorn.yaml:2"}});
  EXPECT_THAT(text, HasSubstr("umask: 0027                           # alicorn.yaml:6\n"));
  EXPECT_THAT(text, HasSubstr("# alicorn.yaml:2\n  greeting: \"say \\\"hi\\\"\"\n"));
  EXPECT_THAT(text, HasSubstr("workers: 1                            # default\n"));
}

TEST(RenderExample, YieldsTheDefaultsWhenUncommented) {
  std::string text;
  for (const std::string& line : lines_of(render_example())) {
    // "#key: value" is a setting, "# text" a comment.
    const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    text += (is_setting ? line.substr(1) : line) + '\n';
  }
  Sources sources;
  const auto config = load_config_text(text, "example");
  ASSERT_TRUE(config) << config.error().text();
  for (const Setting& setting : settings_table()) {
    EXPECT_EQ(setting.field.get(*config), setting.field.get(default_config())) << setting.key;
    EXPECT_THAT(text, HasSubstr("\n" + std::string(setting.key) + ": "));
  }
}

TEST(RenderHelp, FitsATerminal) {
  const std::vector<std::string> lines = lines_of(render_help());
  EXPECT_LE(lines.size(), 130U);
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), 100U) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST(RenderHelp, NamesEveryFlag) {
  const std::string help = render_help();
  for (const Setting& setting : settings_table()) {
    if (setting.flags.empty()) continue;
    EXPECT_THAT(help, HasSubstr(std::string(long_flag(setting.flags).substr(2)))) << setting.key;
    EXPECT_THAT(help, HasSubstr(std::string(setting.help.substr(0, 20)))) << setting.key;
  }
}

TEST(RenderReference, HasASectionForEachSetting) {
  const std::string text = render_reference();
  for (const Setting& setting : settings_table()) {
    EXPECT_THAT(text, HasSubstr("\n### " + std::string(setting.key) + "\n"));
  }
}

// The files that are generated from the settings table. script/generate-docs runs these tests.

TEST(Generated, Help) {
  test::expect_golden(render_help(), "tests/golden/cli/help.txt");
}

TEST(Generated, PrintedConfig) {
  test::expect_golden(render_config(default_config(), {}), "tests/golden/cli/print-config.yaml");
}

TEST(Generated, PrintedUnusualConfig) {
  test::expect_golden(render_config(unusual_config(), {{"umask", "alicorn.yaml:6"}}),
                      "tests/golden/cli/print-config-unusual.yaml");
}

TEST(Generated, Example) {
  test::expect_golden(render_example(), "conf/alicorn.yaml");
}

TEST(Generated, Reference) {
  test::expect_golden(render_reference(), "docs/configuration.md");
}

}  // namespace
}  // namespace alicorn
