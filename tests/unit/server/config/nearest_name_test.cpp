#include "server/config/nearest_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace alicorn {
namespace {

const std::vector<std::string_view> kNames = {"bind",         "backlog", "workers",
                                              "max_requests", "timeout", "boot_timeout"};

TEST(NearestName, CorrectsTypingErrors) {
  EXPECT_EQ(nearest_name("workes", kNames), "workers");
  EXPECT_EQ(nearest_name("wrokers", kNames), "workers");
  EXPECT_EQ(nearest_name("bnid", kNames), "bind");
  EXPECT_EQ(nearest_name("tiemout", kNames), "timeout");
  EXPECT_EQ(nearest_name("boottimeout", kNames), "boot_timeout");
}

TEST(NearestName, TreatsDashesAsUnderscores) {
  EXPECT_EQ(nearest_name("max-requests", kNames), "max_requests");
}

TEST(NearestName, SuggestsNothingFarOff) {
  EXPECT_EQ(nearest_name("reload_extra_files", kNames), "");
  EXPECT_EQ(nearest_name("", kNames), "");
  EXPECT_EQ(nearest_name("xyz", kNames), "");
  EXPECT_EQ(nearest_name(std::string(1000, 'w'), kNames), "");
}

TEST(NearestName, IgnoresTheDashesOfAFlag) {
  EXPECT_EQ(nearest_name("--certfile", {"--sendfile"}), "");
  EXPECT_EQ(nearest_name("--workres", {"--workers"}), "--workers");
}

TEST(NearestName, IsStrictWithShortNames) {
  EXPECT_EQ(nearest_name("uid", {"bind"}), "");
  EXPECT_EQ(nearest_name("bin", {"bind"}), "bind");
}

TEST(NearestName, CompletesANameThatWasCutShort) {
  EXPECT_EQ(nearest_name("on_start", {"on_exit", "on_starting"}), "on_starting");
  EXPECT_EQ(nearest_name("on", {"on_exit", "on_starting"}), "");
}

TEST(NearestName, CountsASwapOfNeighboursOnce) {
  EXPECT_EQ(nearest_name("ba", {"abcd", "ab"}), "ab");
}

}  // namespace
}  // namespace alicorn
