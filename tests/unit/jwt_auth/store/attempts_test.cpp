#include "store/store.hpp"
#include "support/database.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <barrier>
#include <thread>

namespace jwt_auth {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::at;

constexpr Rate kThreeAMinute{3, seconds(60)};

class AttemptsTest : public test::OnBoth {
 protected:
  void SetUp() override {
    OnBoth::SetUp();
    if (!IsSkipped()) store_ = std::make_unique<Store>(settings());
  }

  std::unique_ptr<Store> store_;
};

TEST_P(AttemptsTest, LetsSoManyPassAndThenSaysHowLongToWait) {
  EXPECT_EQ(store_->reserve_attempt("bob", kThreeAMinute, at()), std::nullopt);
  EXPECT_EQ(store_->reserve_attempt("bob", kThreeAMinute, at(seconds(10))), std::nullopt);
  EXPECT_EQ(store_->reserve_attempt("bob", kThreeAMinute, at(seconds(20))), std::nullopt);
  EXPECT_EQ(store_->reserve_attempt("bob", kThreeAMinute, at(seconds(30))), seconds(30));
  EXPECT_EQ(store_->reserve_attempt("bob", kThreeAMinute, at(milliseconds(59'001))), seconds(1));
  EXPECT_EQ(store_->reserve_attempt("bob", kThreeAMinute, at(seconds(60))), std::nullopt);
  EXPECT_EQ(store_->reserve_attempt("bob", kThreeAMinute, at(seconds(60))), seconds(10));
}

TEST_P(AttemptsTest, CountsEachKeyForItself) {
  const Rate rate{1, seconds(60)};
  EXPECT_EQ(store_->reserve_attempt("bob", rate, at()), std::nullopt);
  EXPECT_EQ(store_->reserve_attempt("Bob", rate, at()), std::nullopt);
  EXPECT_EQ(store_->reserve_attempt(std::string("bob\0", 4), rate, at()), std::nullopt);
  EXPECT_NE(store_->reserve_attempt("bob", rate, at()), std::nullopt);
}

TEST_P(AttemptsTest, ForgivesOne) {
  for (int i = 0; i < 3; ++i) store_->reserve_attempt("bob", kThreeAMinute, at());
  store_->forgive_attempt("bob");
  store_->forgive_attempt("nobody");
  EXPECT_EQ(store_->reserve_attempt("bob", kThreeAMinute, at()), std::nullopt);
  EXPECT_NE(store_->reserve_attempt("bob", kThreeAMinute, at()), std::nullopt);
}

TEST_P(AttemptsTest, CountsNothingWithoutALimit) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(store_->reserve_attempt("bob", Rate{}, at()), std::nullopt);
  }
  EXPECT_EQ(database_->value("SELECT count(*) FROM jwt_auth_login_attempt"), "0");
}

TEST_P(AttemptsTest, PurgesAsItGoesAndKeepsNoNames) {
  store_->reserve_attempt("alice's password", kThreeAMinute, at());
  store_->reserve_attempt("bob", kThreeAMinute, at(seconds(61)));
  EXPECT_EQ(database_->value("SELECT count(*) FROM jwt_auth_login_attempt"), "1");
  EXPECT_EQ(database_->value("SELECT count(*) FROM jwt_auth_login_attempt "
                             "WHERE attempt_key LIKE '%bob%'"),
            "0");
}

TEST_P(AttemptsTest, LocksNobodyOutForLongerThanThePeriodWhenTheClockWasSetBack) {
  const Rate rate{1, seconds(60)};
  store_->reserve_attempt("bob", rate, at(hours(24)));
  EXPECT_EQ(store_->reserve_attempt("bob", rate, at()), seconds(60));
}

TEST_P(AttemptsTest, LetsNoParallelOnesSlipThrough) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 20;
  std::array<std::atomic<int>, kRounds> passed{};
  std::barrier round_begins(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      Store store(settings());
      store.user_by_id(1);  // connected before it counts
      for (std::size_t round = 0; round < kRounds; ++round) {
        round_begins.arrive_and_wait();
        if (!store.reserve_attempt(std::to_string(round), kThreeAMinute, at())) ++passed[round];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : passed) EXPECT_EQ(count, 3);
}

RUN_ON_BOTH(AttemptsTest);

}  // namespace
}  // namespace jwt_auth
