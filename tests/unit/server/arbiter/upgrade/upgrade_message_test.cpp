#include "server/arbiter/upgrade/upgrade_message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace alicorn {
namespace {

using Fds = std::vector<int>;

TEST(UpgradeMessage, IsFoundAmongOtherLines) {
  for (const Fds& superseded : {Fds{}, Fds{7}, Fds{5, 1023}}) {
    const std::string said = describe_serving(superseded);
    EXPECT_EQ(find_serving("a warning\n" + said + "another\n"), superseded);
    EXPECT_EQ(find_serving(said), superseded);
  }
}

TEST(UpgradeMessage, IsNothingThatAForeignProgramPrints) {
  EXPECT_FALSE(find_serving(""));
  EXPECT_FALSE(find_serving(std::string("\0\0\0", 3)));
  EXPECT_FALSE(find_serving("alicorn: serves without []\n"));
  const std::string said = describe_serving({5});
  EXPECT_FALSE(find_serving(said.substr(0, said.size() - 1))) << "its end is still to come";
}

}  // namespace
}  // namespace alicorn
