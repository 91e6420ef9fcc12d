#include "server/control/control_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alicorn {
namespace {

using testing::HasSubstr;
using Verb = ControlCommand::Verb;

ControlCommand parsed(std::string_view line) {
  const auto command = parse_control_command(line);
  EXPECT_TRUE(command) << line << ": " << command.error().text();
  return command.value_or(ControlCommand{});
}

std::string error_of(std::string_view line) {
  const auto command = parse_control_command(line);
  return command ? "parsed" : command.error().text();
}

TEST(ControlCommand, ParsesFlagsAndArguments) {
  EXPECT_EQ(parsed("status").verb, Verb::kStatus);
  EXPECT_FALSE(parsed("reload").wait);
  EXPECT_TRUE(parsed("reload --wait").wait);
  EXPECT_TRUE(parsed("stop --wait --quick").quick);
  EXPECT_EQ(parsed("scale 200").number, 200U);
  EXPECT_EQ(parsed("recycle 3").number, 3U);
  EXPECT_EQ(parsed("log-level warning").level, log::Level::kWarning);
}

TEST(ControlCommand, AllowsAnyBlanks) {
  EXPECT_EQ(parsed(" \tscale   4 \r").number, 4U);
}

TEST(ControlCommand, EveryRowOfTheHelpIsKnown) {
  for (const ControlVerb& row : control_verbs()) {
    EXPECT_THAT(error_of(row.name), Not(HasSubstr("unknown"))) << row.name;
    EXPECT_TRUE(row.usage.starts_with(row.name));
  }
}

TEST(ControlCommand, AnErrorSaysWhatWouldBeRight) {
  EXPECT_THAT(error_of(""), HasSubstr("no command"));
  EXPECT_THAT(error_of("relaod"), HasSubstr("did you mean reload?"));
  EXPECT_THAT(error_of("\x01\xff garbage"), HasSubstr("alicorn ctl --help"));
  for (const char* line : {"scale", "scale 0", "scale 201", "scale -1", "scale 1 2", "scale x"}) {
    EXPECT_THAT(error_of(line), HasSubstr("from 1 to 200")) << line;
  }
  for (const char* line : {"recycle", "recycle 0", "recycle one", "recycle 99999999999"}) {
    EXPECT_THAT(error_of(line), HasSubstr("number of a worker")) << line;
  }
  EXPECT_THAT(error_of("log-level loud"), HasSubstr("debug, info"));
  EXPECT_THAT(error_of("reload --quick"), HasSubstr("\"reload [--wait]\""));
  EXPECT_THAT(error_of("status now"), HasSubstr("wrong use of status"));
}

}  // namespace
}  // namespace alicorn
