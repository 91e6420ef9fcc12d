#include "store/host_addresses.hpp"

#include "store/fault.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>

namespace jwt_auth {
namespace {

using std::chrono::seconds;
using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

/// A resolver that gives the test's answer, or none. Its threads may outlive the test.
class Resolver {
 public:
  HostAddresses::LookUp look_up() const {
    return [own = own_](const std::string&) {
      ++own->asked;
      std::shared_future<void> silence;
      {
        const std::lock_guard lock(own->mutex);
        silence = own->silence;
      }
      if (silence.valid()) silence.wait();
      const std::lock_guard lock(own->mutex);
      return own->answer;
    };
  }
  HostAddresses::Clock clock() const {
    return [own = own_] {
      return Deadline::Clock::time_point(std::chrono::hours(1)) + own->passed.load();
    };
  }
  void answer(HostAddresses::Answer answer) const {
    const std::lock_guard lock(own_->mutex);
    own_->answer = std::move(answer);
  }
  /// Waits until the promise is fulfilled.
  void wait_for(std::promise<void>& promise) const {
    const std::lock_guard lock(own_->mutex);
    own_->silence = promise.get_future().share();
  }
  void pass(seconds time) const { own_->passed = own_->passed.load() + time; }
  int asked() const { return own_->asked; }

 private:
  struct Own {
    std::mutex mutex;
    HostAddresses::Answer answer;
    std::shared_future<void> silence;
    std::atomic<int> asked{0};
    std::atomic<seconds> passed{seconds(0)};
  };
  std::shared_ptr<Own> own_ = std::make_shared<Own>();
};

class HostAddressesTest : public testing::Test {
 protected:
  std::vector<std::string> ask(milliseconds time = milliseconds(60'000)) const {
    return addresses_.of("db", Deadline::in(time));
  }
  Fault fault_of_asking(milliseconds time = milliseconds(60'000)) const {
    try {
      ask(time);
      return {};
    } catch (const QueryError& error) {
      return error.fault();
    }
  }

  Resolver resolver_;
  HostAddresses addresses_{resolver_.look_up(), resolver_.clock()};
};

TEST_F(HostAddressesTest, AreLookedUpOnceInAWhile) {
  resolver_.answer({{"10.0.0.2", "10.0.0.1"}, ""});
  const HostAddresses copy = addresses_;
  EXPECT_THAT(ask(), ElementsAre("10.0.0.2", "10.0.0.1"));
  EXPECT_THAT(copy.of("db", Deadline::in(milliseconds(0))), ElementsAre("10.0.0.2", "10.0.0.1"));
  EXPECT_EQ(resolver_.asked(), 1);
  resolver_.answer({{"10.0.0.3"}, ""});
  resolver_.pass(seconds(30));
  EXPECT_THAT(ask(), ElementsAre("10.0.0.3")) << "the name has moved";
}

TEST_F(HostAddressesTest, LeaveTimeToConnectIfTheyAreKnown) {
  resolver_.answer({{"10.0.0.1"}, ""});
  ask();
  resolver_.pass(seconds(30));
  std::promise<void> silence;
  resolver_.wait_for(silence);
  const Deadline share = Deadline::in(milliseconds(900));
  EXPECT_THAT(addresses_.of("db", share), ElementsAre("10.0.0.1"));
  EXPECT_GT(share.left(), milliseconds(0));
  silence.set_value();
}

TEST_F(HostAddressesTest, SayWhyThereAreNone) {
  resolver_.answer({{}, "Name or service not known"});
  EXPECT_EQ(fault_of_asking().kind, Fault::Kind::kBroken);
  EXPECT_THAT(fault_of_asking().text, HasSubstr("\"db\": Name or service not known"));
  resolver_.answer({{"10.0.0.1"}, ""});
  EXPECT_THAT(ask(), ElementsAre("10.0.0.1")) << "a failure is not kept";
}

TEST_F(HostAddressesTest, AreAwaitedNoLongerThanTheDeadline) {
  resolver_.answer({{"10.0.0.1"}, ""});
  std::promise<void> silence;
  resolver_.wait_for(silence);
  EXPECT_EQ(fault_of_asking(milliseconds(1)).kind, Fault::Kind::kSilent);
  EXPECT_EQ(fault_of_asking(milliseconds(1)).kind, Fault::Kind::kSilent);
  silence.set_value();
  EXPECT_THAT(ask(), ElementsAre("10.0.0.1"));
  EXPECT_EQ(resolver_.asked(), 1) << "the late answer serves";
}

TEST_F(HostAddressesTest, AreTheLastGoodOnesIfTheResolverFails) {
  resolver_.answer({{"10.0.0.1"}, ""});
  ask();
  resolver_.pass(seconds(30));
  resolver_.answer({{}, "Temporary failure in name resolution"});
  EXPECT_THAT(ask(), ElementsAre("10.0.0.1"));
  std::promise<void> silence;
  resolver_.wait_for(silence);
  EXPECT_THAT(ask(), ElementsAre("10.0.0.1"));
  EXPECT_THAT(ask(milliseconds(0)), ElementsAre("10.0.0.1"));
  EXPECT_EQ(resolver_.asked(), 3);
  silence.set_value();
}

TEST(SystemResolver, KnowsThisMachine) {
  EXPECT_THAT(HostAddresses().of("localhost", Deadline::in(milliseconds(60'000))),
              AnyOf(Contains("127.0.0.1"), Contains("::1")));
}

}  // namespace
}  // namespace jwt_auth
