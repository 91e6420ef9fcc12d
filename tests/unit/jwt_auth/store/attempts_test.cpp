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
using testing::AllOf;
using testing::Field;
using testing::Optional;

constexpr Rate kThreeAMinute{3, seconds(60)};
constexpr int kOfANetwork = 5;  // at that rate: two more than for a name

auto waits(AttemptLimit limit, seconds time) {
  return Optional(AllOf(Field(&AttemptWait::reached, limit), Field(&AttemptWait::time, time)));
}
auto network_waits(seconds time) {
  return waits(AttemptLimit::kNetwork, time);
}
auto name_waits(seconds time) {
  return waits(AttemptLimit::kName, time);
}

class AttemptsTest : public test::OnBoth {
 protected:
  void SetUp() override {
    OnBoth::SetUp();
    if (!IsSkipped()) store_ = std::make_unique<Store>(settings());
  }

  std::optional<AttemptWait> attempt(const std::string& network, const std::string& name,
                                     std::chrono::microseconds later = seconds(0),
                                     Rate rate = kThreeAMinute) {
    return store_->reserve_attempt({{network}, name}, rate, [later] { return at(later); });
  }
  /// Each attempt comes from a network of its own.
  void fail(const std::string& name, int times, std::chrono::microseconds later = seconds(0)) {
    for (int i = 0; i < times; ++i) {
      EXPECT_EQ(attempt("network " + std::to_string(networks_++), name, later), std::nullopt);
    }
  }
  std::string rows(const std::string& where = "true") {
    return database_->value("SELECT count(*) FROM jwt_auth_login_attempt WHERE " + where);
  }

  std::unique_ptr<Store> store_;
  int networks_ = 0;
};

TEST_P(AttemptsTest, LimitsANetworkOverAllNames) {
  for (int i = 0; i < kOfANetwork; ++i) {
    EXPECT_EQ(attempt("here", std::to_string(i), seconds(10 * i)), std::nullopt);
  }
  EXPECT_THAT(attempt("here", "new", seconds(45)), network_waits(seconds(15)));
  EXPECT_THAT(attempt("here", "0", milliseconds(59'001)), network_waits(seconds(1)));
  EXPECT_EQ(attempt("there", "new", seconds(45)), std::nullopt);
  EXPECT_EQ(attempt("here", "new", seconds(60)), std::nullopt);
  EXPECT_THAT(attempt("here", "newer", seconds(60)), network_waits(seconds(10)));
}

TEST_P(AttemptsTest, GivesANetworkAQuarterMore) {
  const Rate rate{12, seconds(60)};
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(attempt("here", std::to_string(i), seconds(0), rate), std::nullopt) << i;
  }
  EXPECT_THAT(attempt("here", "x", seconds(0), rate), network_waits(seconds(60)));
}

/// A client with 65,536 networks does not get 65,536 times the tries.
TEST_P(AttemptsTest, LetsAWiderNetworkFailFourTimesAsOften) {
  const auto try_from = [&](int part, int i, seconds later) {
    const std::string home = "home " + std::to_string(part / 100);
    return store_->reserve_attempt({{"part " + std::to_string(part), home, "provider"},
                                    std::to_string(part) + ' ' + std::to_string(i)},
                                   kThreeAMinute, [later] { return at(later); });
  };
  for (int home = 0; home < 4; ++home) {
    for (int i = 0; i < 4 * kOfANetwork; ++i) {
      EXPECT_EQ(try_from(100 * home + i, i, seconds(home)), std::nullopt) << home << ' ' << i;
    }
    EXPECT_THAT(try_from(100 * home + 99, 0, seconds(home)), network_waits(seconds(60)));
  }
  EXPECT_THAT(try_from(500, 0, seconds(3)), network_waits(seconds(57))) << "the widest has none";
  EXPECT_THAT(try_from(100, 0, seconds(3)), network_waits(seconds(58))) << "nor has that home";
  EXPECT_EQ(attempt("elsewhere", "bob", seconds(3)), std::nullopt);
  EXPECT_EQ(try_from(500, 0, seconds(60)), std::nullopt);
}

TEST_P(AttemptsTest, ForgivesAnAttemptInAllItsNetworks) {
  const Attempt attempt{{"part", "home", "provider"}, "bob"};
  EXPECT_EQ(store_->reserve_attempt(attempt, kThreeAMinute, [] { return at(); }), std::nullopt);
  EXPECT_EQ(rows(), "5");
  store_->forgive_attempt(attempt);
  EXPECT_EQ(rows(), "0");
}

TEST_P(AttemptsTest, DelaysANameLongerWithEachFailure) {
  fail("bob", 3);
  // One more failure after each delay, from a network that has waited.
  std::chrono::seconds now(1);
  for (const int delay : {2, 4, 8, 16, 16}) {
    const std::string network = "patient " + std::to_string(now.count());
    EXPECT_THAT(attempt(network, "bob", now), name_waits(seconds(delay)));
    now += seconds(delay);
    EXPECT_THAT(attempt(network, "bob", now - milliseconds(1)), name_waits(seconds(1)));
    EXPECT_EQ(attempt(network, "bob", now), std::nullopt);
  }
  EXPECT_EQ(attempt("elsewhere", "alice", now), std::nullopt) << "another name";
}

TEST_P(AttemptsTest, DelaysEachNetworkFromItsOwnLastTry) {
  fail("bob", 2);
  EXPECT_EQ(attempt("here", "bob", seconds(10)), std::nullopt);
  EXPECT_THAT(attempt("here", "bob", seconds(10)), name_waits(seconds(2)));
  EXPECT_THAT(attempt("here", "bob", seconds(11)), name_waits(seconds(1)));
  EXPECT_EQ(attempt("here", "bob", seconds(12)), std::nullopt);
  EXPECT_THAT(attempt("here", "bob", seconds(12)), name_waits(seconds(4)));
}

/// No matter how many networks try the name, and how often.
TEST_P(AttemptsTest, LocksNobodyOutFromElsewhere) {
  fail("bob", 3);
  const auto hammer = [&](seconds now) {
    for (int i = 0; i < 30; ++i) attempt("attacker " + std::to_string(i), "bob", now);
  };
  for (int i = 1; i < 10; ++i) hammer(seconds(i));
  const auto wait = attempt("owner", "bob", seconds(10));
  ASSERT_TRUE(wait);
  EXPECT_LE(wait->time, seconds(16));
  for (int i = 10; i < 26; ++i) {
    hammer(seconds(i));
    EXPECT_TRUE(attempt("owner", "bob", seconds(i)));
  }
  EXPECT_EQ(attempt("owner", "bob", seconds(26)), std::nullopt);
}

TEST_P(AttemptsTest, RemembersADelayLongerThanAShortPeriod) {
  const Rate rate{1, seconds(1)};
  for (int i = 0; i < 4; ++i) {
    attempt("attacker " + std::to_string(i), "bob", milliseconds(100 * i), rate);
  }
  EXPECT_THAT(attempt("owner", "bob", milliseconds(500), rate), name_waits(seconds(2)));
  attempt("attacker", "bob", milliseconds(2499), rate);
  EXPECT_EQ(attempt("owner", "bob", milliseconds(2500), rate), std::nullopt);
}

TEST_P(AttemptsTest, CountsAWaitAndItsTryOnce) {
  fail("bob", 3);
  EXPECT_TRUE(attempt("here", "bob"));
  EXPECT_TRUE(attempt("here", "bob", seconds(1)));
  EXPECT_EQ(attempt("here", "bob", seconds(2)), std::nullopt);
  for (int i = 1; i < kOfANetwork; ++i) {
    EXPECT_EQ(attempt("here", std::to_string(i), seconds(3)), std::nullopt);
  }
  EXPECT_THAT(attempt("here", "x", seconds(3)), network_waits(seconds(57)));
}

TEST_P(AttemptsTest, KeepsNoMoreRowsThanTheLimitsAllow) {
  for (int i = 0; i < 300; ++i) attempt("here", "made up " + std::to_string(i));
  EXPECT_EQ(rows(), std::to_string(3 * kOfANetwork));
  for (int i = 0; i < 10; ++i) fail("bob " + std::to_string(i), 3);
  const int before = std::stoi(rows());
  for (int i = 0; i < 300; ++i) attempt("there", "bob " + std::to_string(i % 10));
  EXPECT_EQ(std::stoi(rows()), before + 2 * kOfANetwork) << "that waits for its first try at them";
}

TEST_P(AttemptsTest, TellsNamesApart) {
  const Rate rate{1, seconds(60)};
  EXPECT_EQ(attempt("a", "bob", seconds(0), rate), std::nullopt);
  EXPECT_EQ(attempt("b", "Bob", seconds(0), rate), std::nullopt);
  EXPECT_EQ(attempt("c", std::string("bob\0", 4), seconds(0), rate), std::nullopt);
  EXPECT_THAT(attempt("d", "bob", seconds(0), rate), name_waits(seconds(2)));
}

TEST_P(AttemptsTest, ForgivesOneAttempt) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(attempt("here", "bob"), std::nullopt);
    store_->forgive_attempt({{"here"}, "bob"});
  }
  EXPECT_EQ(rows(), "0");
  for (int i = 0; i < 3; ++i) attempt("here", "bob");
  store_->forgive_attempt({{"here"}, "bob"});
  store_->forgive_attempt({{"there"}, "nobody"});
  EXPECT_EQ(attempt("here", "bob"), std::nullopt);
  EXPECT_TRUE(attempt("here", "bob"));
}

TEST_P(AttemptsTest, CountsNothingWithoutALimit) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt("here", "bob", seconds(0), Rate{}), std::nullopt);
  EXPECT_EQ(rows(), "0");
}

TEST_P(AttemptsTest, PurgesAsItGoesAndKeepsNoNames) {
  attempt("192.0.2.1", "alice's password");
  attempt("192.0.2.2", "bob", seconds(119));
  EXPECT_EQ(rows(), "6");
  attempt("192.0.2.2", "bob", seconds(120));
  EXPECT_EQ(rows(), "6");
  EXPECT_EQ(rows("attempt_key LIKE '%bob%' OR attempt_key LIKE '%192.%'"), "0");
}

TEST_P(AttemptsTest, IgnoresAttemptsLaterThanNow) {
  for (int i = 0; i < kOfANetwork; ++i) attempt("here", std::to_string(i), hours(24));
  fail("bob", 3, hours(24));
  EXPECT_THAT(attempt("there", "bob", hours(24)), name_waits(seconds(2)));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt("here", "bob"), std::nullopt);
  EXPECT_THAT(attempt("here", "bob"), name_waits(seconds(2)));
  EXPECT_THAT(attempt("there", "bob"), name_waits(seconds(2))) << "it waits from now on";
  EXPECT_EQ(attempt("there", "bob", seconds(2)), std::nullopt);
}

TEST_P(AttemptsTest, LetsNoParallelAttemptsSlipThrough) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 20;
  std::array<std::atomic<int>, kRounds> passed{};
  std::atomic<int> time = 0;
  std::barrier round_begins(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      Store store(settings());
      store.user_by_id(1);  // connects before the race begins
      for (std::size_t round = 0; round < kRounds; ++round) {
        round_begins.arrive_and_wait();
        const std::string own = std::to_string(round);
        // Alternately the name and the network are the same for all threads.
        const std::string other = own + " of " + std::to_string(i);
        const Attempt attempt = round % 2 == 0 ? Attempt{{own}, other} : Attempt{{other}, own};
        if (!store.reserve_attempt(attempt, kThreeAMinute,
                                   [&] { return at(milliseconds(++time)); }))
          ++passed[round];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t round = 0; round < kRounds; ++round) {
    EXPECT_EQ(passed[round], round % 2 == 0 ? kOfANetwork : 3) << round;
  }
}

RUN_ON_BOTH(AttemptsTest);

}  // namespace
}  // namespace jwt_auth
