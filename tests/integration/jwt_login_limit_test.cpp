// login_rate of the JWT service as seen by clients behind a proxy: no address can try many names,
// and nobody can lock out the owner of a name.
#include "tests/support/jwt_service.hpp"
#include "tests/support/raw_http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;

constexpr milliseconds kLongestWait{40'000};

class JwtLoginLimit : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string configuration =
        "workers: 2\nthreads: 4\napp:\n  signing_key: 0123456789abcdef0123456789abcdef\n"
        "  password_iterations: 1000\n  login_rate: 3/10m\n  database:\n    url: sqlite://" +
        (folder_ / "db.sqlite3") + "\n";
    write_file(folder_ / "jwt_auth.yaml", configuration);
    ASSERT_EQ(admin({"migrate"}).ending.exit_code, 0);
    password_ =
        word_after("password: ", admin({"createuser", "alice", "--random-password"}).output);
    secret_ = word_after("secret: ", admin({"createclient", "robot"}).output);
    server_ = std::make_unique<ServerProcess>(
        example("jwt_auth"), arguments(), ServerProcess::Options{.configuration = configuration});
  }
  virtual Arguments arguments() { return {}; }

  CommandResult admin(const Arguments& words) const {
    return run_jwt_admin(folder_ / "jwt_auth.yaml", words);
  }
  static std::string word_after(const std::string& label, const std::string& text) {
    const std::size_t begin = text.find(label) + label.size();
    return text.substr(begin, text.find('\n', begin) - begin);
  }

  /// An empty address: no proxy says where the client comes from.
  Response post(const std::string& path, const std::string& address,
                const std::string& body) const {
    std::vector<std::string> fields{"Content-Type: application/x-www-form-urlencoded"};
    if (!address.empty()) fields.push_back("X-Forwarded-For: " + address);
    return ask(server_->address(), request("POST", path, fields, body));
  }
  Response login(const std::string& address, const std::string& name,
                 const std::string& password) const {
    return post("/api/token/", address, "username=" + name + "&password=" + password);
  }
  int fail(const std::string& address, const std::string& name) const {
    return login(address, name, "wrong").status;
  }
  Response ask_for_token(const std::string& address, const std::string& client,
                         const std::string& secret) const {
    return post("/oauth/token", address,
                "grant_type=client_credentials&client_id=" + client + "&client_secret=" + secret);
  }

  TemporaryFolder folder_;
  std::string password_, secret_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(JwtLoginLimit, OfAnAddressCoversAllNamesAndBothEndpoints) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fail("192.0.2.1", "user" + std::to_string(i)), 401);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask_for_token("192.0.2.1", "client" + std::to_string(i), "wrong").status, 401);
  }
  const Response refused = login("192.0.2.1", "alice", password_);
  EXPECT_EQ(refused.status, 429);
  EXPECT_GT(std::stoi(refused.field("retry-after")), 500);
  EXPECT_EQ(ask_for_token("192.0.2.1", "robot", secret_).status, 429);
  EXPECT_EQ(login("192.0.2.2", "alice", password_).status, 200) << "a neighbour";
  EXPECT_EQ(ask_for_token("192.0.2.2", "robot", secret_).status, 200);
  EXPECT_TRUE(server_->logs("login throttled"));
  EXPECT_THAT(server_->log(), HasSubstr("limit=network client=192.0.2.1"));
}

TEST_F(JwtLoginLimit, OfIpv6CoversASubscriber) {
  for (int i = 0; i < 5; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_EQ(fail("2001:db8:0:1::" + number, "user" + number), 401);
  }
  EXPECT_EQ(fail("2001:db8:0:1:ffff::1", "another"), 429);
  for (int i = 20; i < 35; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_EQ(fail("2001:db8:0:" + number + "::1", "user" + number), 401);
  }
  EXPECT_EQ(fail("2001:db8:0:ff::1", "another"), 429) << "of the same /56";
  EXPECT_EQ(fail("2001:db8:0:100::1", "another"), 401);
}

TEST_F(JwtLoginLimit, DoesNotCountSuccessfulLogins) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(login("192.0.2.1", "alice", password_).status, 200);
    EXPECT_EQ(ask_for_token("192.0.2.1", "robot", secret_).status, 200);
  }
}

/// Other addresses try the name all the time, each as often as allowed.
TEST_F(JwtLoginLimit, OfANameStillLetsItsOwnerIn) {
  int number = 0;
  const auto hammer = [&] {
    for (int i = 0; i < 5; ++i) {
      fail("198.51.100." + std::to_string(++number % 250), "alice");
      ask_for_token("198.51.100." + std::to_string(number % 250), "robot", "wrong");
    }
  };
  hammer();
  const Response refused = login("192.0.2.1", "alice", password_);
  EXPECT_EQ(refused.status, 429) << "it may be another attacker";
  EXPECT_LE(std::stoi(refused.field("retry-after")), 16);
  EXPECT_THAT(refused.body, HasSubstr("Request was throttled. Expected available in "));
  const auto comes_through = [&](const auto& try_once) {
    return eventually(
        [&] {
          hammer();
          const int status = try_once().status;
          EXPECT_TRUE(status == 200 || status == 429) << status;
          return status == 200;
        },
        kLongestWait);
  };
  EXPECT_TRUE(comes_through([&] { return login("192.0.2.1", "alice", password_); }));
  EXPECT_TRUE(comes_through([&] { return ask_for_token("192.0.2.1", "robot", secret_); }));
  EXPECT_THAT(server_->log(), HasSubstr("limit=name client=192.0.2.1"));
}

TEST_F(JwtLoginLimit, WarnsOnceThatAProxyMayNotSendAddresses) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(fail("", "user" + std::to_string(i)), 401);
  const auto said = [&] { return server_->count_in_log("make it send X-Forwarded-For"); };
  EXPECT_EQ(said(), 0U);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(fail("", "alice"), 429);
  EXPECT_TRUE(eventually([&] { return said() > 0; }));
  EXPECT_LE(said(), 2U) << "once in a worker";
}

class JwtLoginLimitOnAUnixSocket : public JwtLoginLimit {
 protected:
  Arguments arguments() override { return {"-b", "unix:" + (folder_ / "app.sock")}; }
};

/// Without an address one failing client would lock out everybody, so logins are refused.
TEST_F(JwtLoginLimitOnAUnixSocket, RefusesLoginsWithoutAnAddress) {
  for (int i = 0; i < 5; ++i) {
    const Response refused = login("", "alice", password_);
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.field("retry-after"), "1");
    EXPECT_EQ(ask_for_token("", "robot", secret_).status, 503);
  }
  EXPECT_TRUE(server_->logs("app.login_rate is set, and the client's address is unknown"));
  EXPECT_LE(server_->count_in_log("the client's address is unknown"), 2U) << "once in a worker";
  EXPECT_EQ(ask(server_->address(), get("/.well-known/jwks.json")).status, 200);

  EXPECT_EQ(login("192.0.2.1", "alice", password_).status, 200);
  EXPECT_EQ(ask_for_token("192.0.2.1", "robot", secret_).status, 200);
  EXPECT_EQ(login("no address", "alice", password_).status, 503);
}

}  // namespace
}  // namespace alicorn::test
