#include "web/login_gate.hpp"

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

namespace jwt_auth {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

/// A host whose answer for each deferred request is set by the test.
struct FakeHost : alicorn_host {
  FakeHost() : alicorn_host{} {
    struct_size = sizeof(alicorn_host);
    log = [](const alicorn_host*, alicorn_token, std::int32_t, alicorn_string, const alicorn_field*,
             std::uint32_t) {};
    defer = [](alicorn_request*, alicorn_event_function, void*) -> std::int32_t {
      return ALICORN_OK;
    };
    cancelled = [](const alicorn_host*, alicorn_token) -> std::int32_t { return 0; };
    complete = [](const alicorn_host* host, alicorn_token token, std::int32_t status,
                  const alicorn_field*, std::uint32_t, const alicorn_buffer*) -> std::int32_t {
      self(host).completed[token] = status;
      return ALICORN_OK;
    };
    resume = [](const alicorn_host* host, alicorn_token token, alicorn_resume_function function,
                void* context) -> std::int32_t {
      FakeHost& fake = self(host);
      const auto failure = fake.failures.find(token);
      if (failure != fake.failures.end()) return failure->second;
      alicorn_request request = fake.request(token);
      function(context, &request);
      return ALICORN_OK;
    };
  }
  static FakeHost& self(const alicorn_host* host) {
    return *const_cast<FakeHost*>(static_cast<const FakeHost*>(host));
  }
  alicorn_request request(alicorn_token token) const {
    alicorn_request request{};
    request.struct_size = sizeof(alicorn_request);
    request.host = this;
    request.token = token;
    const std::string& address = addresses.at(token);
    request.client_address = {address.data(), address.size()};
    return request;
  }

  std::map<alicorn_token, std::string> addresses;
  std::map<alicorn_token, std::int32_t> failures;  ///< results of resume
  std::map<alicorn_token, std::int32_t> completed;
};

class LoginGateTest : public testing::Test {
 protected:
  /// While the first login works, the others arrive.
  void come(alicorn_token count) {
    LoginGate gate(
        2,
        [&](alicorn::Request& request) {
          worked.push_back(request.token().raw());
          if (worked.size() > 1) return;
          for (alicorn_token token = 2; token <= count; ++token) run(gate_of(), token);
        },
        [&](alicorn::Request& request) { refused.push_back(request.token().raw()); });
    gate_ = &gate;
    run(gate, 1);
  }
  LoginGate& gate_of() const { return *gate_; }
  void run(LoginGate& gate, alicorn_token token) {
    host.addresses.try_emplace(token, "192.0.2." + std::to_string(token));
    alicorn_request raw = host.request(token);
    alicorn::Request request(&raw);
    gate.run(request);
  }

  FakeHost host;
  LoginGate* gate_ = nullptr;
  std::vector<alicorn_token> worked, refused;
};

TEST_F(LoginGateTest, WorksOneAfterTheOther) {
  come(3);
  EXPECT_THAT(worked, ElementsAre(1, 2, 3));
  EXPECT_TRUE(host.completed.empty());
}

TEST_F(LoginGateTest, AnswersALoginThatCannotBeResumed) {
  host.failures[2] = ALICORN_ERROR_MEMORY;
  host.failures[3] = ALICORN_ERROR_GONE;
  come(4);
  EXPECT_THAT(worked, ElementsAre(1, 4));
  EXPECT_THAT(host.completed, ElementsAre(Pair(2, 503)));
}

TEST_F(LoginGateTest, AnswersADisplacedLoginThatCannotBeResumed) {
  constexpr alicorn_token kPlaces = 32;
  for (alicorn_token token = 2; token <= kPlaces + 1; ++token) host.addresses[token] = "192.0.2.9";
  host.failures[kPlaces + 1] = ALICORN_ERROR_MEMORY;
  come(kPlaces + 2);
  EXPECT_EQ(worked.size(), kPlaces + 1);
  EXPECT_THAT(host.completed, ElementsAre(Pair(kPlaces + 1, 503)));
  EXPECT_TRUE(refused.empty());
}

/// One IPv6 subscriber may have that many networks.
TEST_F(LoginGateTest, KeepsAPlaceBesideAClientWithManyNetworks) {
  constexpr alicorn_token kPlaces = 32;
  for (alicorn_token token = 2; token <= kPlaces + 1; ++token) {
    host.addresses[token] = "2001:db8:1:" + std::to_string(token) + "::1";
  }
  come(kPlaces + 2);
  EXPECT_THAT(refused, ElementsAre(kPlaces + 1));
  EXPECT_THAT(worked, testing::Contains(kPlaces + 2));
}

}  // namespace
}  // namespace jwt_auth
