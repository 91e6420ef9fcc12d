// Logins at the JWT service are slow by design: they must not take all of a worker's threads.
#include "tests/support/jwt_service.hpp"
#include "tests/support/raw_http.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

constexpr const char* kSlowHash = "1000000";  // PBKDF2 rounds: some tenths of a second on one core

class JwtLogins : public ::testing::Test {
 protected:
  JwtLogins() {
    const std::string configuration =
        "workers: 1\nthreads: 4\ncontrol_socket: ctl\napp:\n  signing_key: "
        "0123456789abcdef0123456789abcdef\n"
        "  password_iterations: " +
        std::string(kSlowHash) + "\n  database:\n    url: sqlite://" + (folder_ / "db.sqlite3") +
        "\n";
    write_file(folder_ / "jwt_auth.yaml", configuration);
    EXPECT_EQ(admin({"migrate"}).ending.exit_code, 0);
    const std::string made = admin({"createuser", "slow", "--random-password"}).output;
    const std::string label = "password: ";
    const std::size_t begin = made.find(label) + label.size();
    password_ = made.substr(begin, made.find('\n', begin) - begin);
    server_ = std::make_unique<ServerProcess>(
        example("jwt_auth"), Arguments{}, ServerProcess::Options{.configuration = configuration});
  }

  CommandResult admin(const Arguments& arguments) const {
    return run_jwt_admin(folder_ / "jwt_auth.yaml", arguments);
  }

  std::string login() const {
    const std::string body = "username=slow&password=" + password_;
    return "POST /api/token/ HTTP/1.1\r\nHost: x\r\nContent-Type: "
           "application/x-www-form-urlencoded\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  /// At least `count` logins have reached the app.
  bool are_in_flight(std::ptrdiff_t count) const {
    return eventually([&] {
      const std::string text =
          run_command({ALICORN_BINARY, "ctl", "--socket", server_->file("ctl"), "requests"}).output;
      return count_of("/api/token/", text) >= count;
    });
  }

  static std::ptrdiff_t count_of(std::string_view word, std::string_view text) {
    std::ptrdiff_t count = 0;
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) ++count;
    return count;
  }

  TemporaryFolder folder_;
  std::string password_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(JwtLogins, LeaveAThreadToOtherRequestsAndAllSucceed) {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 9; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->address()));
    ASSERT_TRUE(clients.back()->send(login()));
  }
  RawClient other(server_->address());
  EXPECT_EQ(other.request(get("/.well-known/jwks.json")).status, 200);
  // If it had waited behind the logins, most of them would be done.
  const auto answered =
      std::count_if(clients.begin(), clients.end(), [](const std::unique_ptr<RawClient>& client) {
        return client->receives("HTTP/1.1 200", milliseconds(0));
      });
  EXPECT_LT(answered, 5);
  for (auto& client : clients) {
    const Response response = client->read_response();
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_NE(response.body.find("\"access\""), std::string::npos);
  }
}

TEST_F(JwtLogins, SkipAWaitingLoginWhoseClientLeft) {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 33; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->address()));
    ASSERT_TRUE(clients.back()->send(login()));
  }
  ASSERT_TRUE(are_in_flight(25)) << "three have a place, the others wait for one";
  for (std::size_t i = 3; i < clients.size(); ++i) clients[i]->reset();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(clients[i]->read_response().status, 200);
  RawClient after(server_->address());
  EXPECT_EQ(after.request(login()).status, 200);
  // On a busy machine a few had their turn before the clients were reset.
  const std::string log = server_->log();
  EXPECT_LE(count_of(": login ", log), 14) << log;
}

TEST_F(JwtLogins, AreRefusedAtOnceIfTooManyWait) {
  std::vector<std::unique_ptr<RawClient>> clients;
  // Three places, and a queue of 32 for each.
  for (int i = 0; i < 3 + 3 * 32 + 1; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->address()));
    ASSERT_TRUE(clients.back()->send(login()));
  }
  EXPECT_TRUE(server_->logs("too many logins are waiting"));
  const auto refused =
      std::count_if(clients.begin(), clients.end(), [](const std::unique_ptr<RawClient>& client) {
        return client->receives("HTTP/1.1 503", milliseconds(50));
      });
  EXPECT_GE(refused, 1);
}

}  // namespace
}  // namespace alicorn::test
