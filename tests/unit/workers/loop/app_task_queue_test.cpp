#include "tests/unit/workers/loop/executor_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::ElementsAre;

struct Waiting final : AppTask {
  explicit Waiting(std::uint64_t time) : since(time) {}
  void run(AppThread& /*thread*/) noexcept override {}
  void on_returned(Return /*how*/) noexcept override {}
  std::uint64_t waits_since_us() const noexcept override { return since; }
  const std::uint64_t since;
};

class QueueOfTasks : public ::testing::Test {
 protected:
  std::vector<std::uint64_t> times() const {
    std::vector<std::uint64_t> times;
    for (AppTask* task = queue.first(); task != nullptr; task = AppTaskQueue::next(*task)) {
      times.push_back(task->waits_since_us());
    }
    EXPECT_EQ(times.size(), queue.size());
    return times;
  }

  Waiting resumed{0}, two{2}, four{4}, six{6}, nine{9};
  AppTaskQueue queue;
};

TEST_F(QueueOfTasks, TakesOneInBeforeThoseThatCameLater) {
  queue.insert_by_age(four);
  queue.insert_by_age(nine);
  queue.push(resumed);
  queue.insert_by_age(two);
  queue.insert_by_age(six);
  EXPECT_THAT(times(), ElementsAre(2, 4, 6, 9, 0));
  EXPECT_EQ(&queue.take(), &two);
  EXPECT_THAT(times(), ElementsAre(4, 6, 9, 0));
}

TEST_F(QueueOfTasks, LosesWhatIsRemoved) {
  EXPECT_FALSE(queue.remove(two));
  for (Waiting* task : {&two, &four, &six}) queue.push(*task);
  EXPECT_FALSE(queue.remove(nine));
  EXPECT_TRUE(queue.remove(four));
  EXPECT_FALSE(queue.remove(four));
  EXPECT_THAT(times(), ElementsAre(2, 6));
  EXPECT_TRUE(queue.remove(six));
  queue.push(nine);
  EXPECT_THAT(times(), ElementsAre(2, 9));
  EXPECT_TRUE(queue.remove(two));
  EXPECT_TRUE(queue.remove(nine));
  EXPECT_TRUE(queue.empty());
  queue.push(four);
  EXPECT_THAT(times(), ElementsAre(4));
}

}  // namespace
}  // namespace alicorn::test
