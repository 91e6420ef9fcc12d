#include "server/config/settings_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const Values& values) {
  Config config;
  const auto done = assign(*find_setting("hooks"), "hooks", values, config);
  return done ? "" : done.error().text();
}

TEST(HooksField, AcceptsAShellTextOrAListOfWords) {
  Config config;
  const Values values{"when_ready=echo $HOME", "on_exit.0=curl", "on_exit.1=-fsS"};
  ASSERT_TRUE(assign(*find_setting("hooks"), "hooks", values, config));
  EXPECT_THAT(config.hooks.of(Hook::kWhenReady), ElementsAre("/bin/sh", "-c", "echo $HOME"));
  EXPECT_THAT(config.hooks.of(Hook::kOnExit), ElementsAre("curl", "-fsS"));
  EXPECT_EQ(find_setting("hooks")->field.get(config), values);
}

TEST(HooksField, RefusesUnknownHooksAndEmptyCommands) {
  EXPECT_EQ(error_of({"when_redy=x"}),
            "hooks has an unknown hook \"when_redy\", did you mean \"when_ready\"?");
  EXPECT_THAT(error_of({"on_start=x"}), HasSubstr("did you mean \"on_starting\"?"));
  EXPECT_EQ(error_of({"when_done=x"}), "hooks has an unknown hook \"when_done\"");
  EXPECT_THAT(error_of({"post_fork=x"}), HasSubstr("the application's callback worker_init"));
  EXPECT_THAT(error_of({"on_exit="}), HasSubstr("needs a command for on_exit"));
  EXPECT_THAT(error_of({"on_exit.0="}), HasSubstr("needs the name of a program"));
  EXPECT_THAT(error_of({"on_exit.program=x"}), HasSubstr("or a list of words"));
}

}  // namespace
}  // namespace alicorn
