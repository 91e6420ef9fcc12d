#include "workers/app/app_job.hpp"

#include <gtest/gtest.h>

namespace alicorn {
namespace {

AppJob job(std::int32_t number) {
  return {.kind = AppJob::Kind::kEvent, .event = number};
}

TEST(AppJobQueue, GivesJobsInTheirOrder) {
  AppJobQueue jobs;
  std::int32_t pushed = 0, taken = 0;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 7; ++i) jobs.push(job(pushed++));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(jobs.take().event, taken++);
  }
  while (taken < pushed) EXPECT_EQ(jobs.take().event, taken++);
  EXPECT_TRUE(jobs.empty());
}

TEST(AppJobQueue, ForgetsAll) {
  AppJobQueue jobs;
  for (int i = 0; i < 5; ++i) jobs.push(job(i));
  jobs.take();
  jobs.clear();
  EXPECT_TRUE(jobs.empty());
  jobs.push(job(9));
  EXPECT_EQ(jobs.take().event, 9);
  EXPECT_TRUE(jobs.empty());
}

}  // namespace
}  // namespace alicorn
