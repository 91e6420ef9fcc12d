#include "server/arbiter/service_manager.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

TEST(TimeToServe, HasTwoBootsAndTheHookThatIsWaitedFor) {
  Config config;
  config.boot_timeout = milliseconds(3'000);
  config.hook_timeout = milliseconds(10'000);
  EXPECT_EQ(time_to_serve(config), milliseconds(6'000)) << "there is no hook";
  config.hooks.words[static_cast<std::size_t>(Hook::kWhenReady)] = {"true"};
  EXPECT_EQ(time_to_serve(config), milliseconds(6'000)) << "nobody waits for that one";
  config.hooks.words[static_cast<std::size_t>(Hook::kOnStarting)] = {"true"};
  EXPECT_EQ(time_to_serve(config), milliseconds(18'000));
}

}  // namespace
}  // namespace alicorn
