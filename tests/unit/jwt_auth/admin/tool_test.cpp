// jwt_auth_admin as an operator runs it.
#include "passwords/passwords.hpp"
#include "store/store.hpp"
#include "support/database.hpp"
#include "tokens/token.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <regex>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <pwd.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace jwt_auth {
namespace {

using alicorn::test::CommandResult;
using alicorn::test::run_command;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";

class ToolTest : public testing::Test {
 protected:
  ToolTest() {
    settings_.connection = folder_ / "db.sqlite3";
    configure("");
  }

  std::string config() const { return folder_ / "alicorn.yaml"; }
  void configure(const std::string& more) const {
    std::ofstream(config()) << "app:\n  signing_key: " << kSecret
                            << "\n  password_iterations: 1000\n  database: {url: 'sqlite://"
                            << settings_.connection << "'}\n"
                            << more;
  }
  /// Runs a command line `words`, as typed, with `input` on standard input.
  CommandResult run(const std::string& words, const std::string& input = "") const {
    std::ofstream(folder_ / "input") << input;
    return run_command({"sh", "-c",
                        std::string(JWT_AUTH_ADMIN) + " -c " + config() + ' ' + words + " <" +
                            (folder_ / "input")});
  }
  std::string must(const std::string& words, const std::string& input = "") const {
    const CommandResult result = run(words, input);
    EXPECT_EQ(result.ending.exit_code, 0) << words << '\n' << result.output;
    return result.output;
  }
  std::string fails(const std::string& words, int code, const std::string& input = "") const {
    const CommandResult result = run(words, input);
    EXPECT_EQ(result.ending.exit_code, code) << words << '\n' << result.output;
    return result.output;
  }
  Settings service() const { return read_settings({{"signing_key", kSecret}}); }

  alicorn::test::TemporaryFolder folder_;
  DatabaseSettings settings_;
};

TEST_F(ToolTest, ExplainsItself) {
  EXPECT_THAT(must("--help"), HasSubstr("createuser"));
  for (const char* command : {"migrate", "createuser", "rotate-key", "decode"}) {
    EXPECT_THAT(must(std::string(command) + " --help"), HasSubstr("Usage"));
  }
}

TEST_F(ToolTest, RefusesAWrongCommandLine) {
  for (const char* words :
       {"", "nonsense", "createuser", "createuser a b", "migrate --nonsense",
        "createuser a --random-password --password-stdin", "rotate-key --activate a --retire b",
        "rotate-key --kid a --retire b", "createuser 'a b' --random-password"}) {
    fails(words, 2);
  }
  EXPECT_THAT(fails("revokeall a", 2), HasSubstr("no command \"revokeall\""));
}

TEST_F(ToolTest, SaysWhatIsWrongWithTheConfiguration) {
  std::ofstream(config()) << "app:\n  signing_kye: x\n";
  EXPECT_THAT(fails("migrate", 1), HasSubstr("did you mean \"signing_key\""));
  std::ofstream(config()) << "app: [";
  EXPECT_THAT(fails("migrate", 1), HasSubstr(config()));
  EXPECT_THAT(fails("migrate -c /nonexistent.yaml", 1), HasSubstr("/nonexistent.yaml: No such"));
}

TEST_F(ToolTest, DoesNotWaitForAPipe) {
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(fails("migrate -c " + pipe, 1), HasSubstr(pipe + ": it is a pipe"));
  EXPECT_THAT(fails("migrate -c " + folder_.path(), 1), HasSubstr("it is a folder"));
  std::ofstream(config()) << "app:\n  signing_key: {file: " << pipe << "}\n";
  EXPECT_THAT(fails("rotate-key", 1), HasSubstr("it is a pipe"));
}

TEST_F(ToolTest, CreatesTablesAndAUser) {
  EXPECT_THAT(fails("createuser bob --random-password", 1), HasSubstr("jwt_auth_admin migrate"));
  EXPECT_THAT(must("migrate"), HasSubstr("applied 0001_auth"));
  EXPECT_THAT(must("migrate"), HasSubstr("nothing to do"));
  EXPECT_THAT(must("showmigrations"), HasSubstr("[X] 0005_rotation"));
  const std::string output = must("createuser bob --random-password --email b@example.org");
  std::smatch match;
  ASSERT_TRUE(std::regex_search(output, match, std::regex("password: ([A-Za-z0-9]{22})\n")));
  const auto user = Store(settings_).user_by_name("bob");
  EXPECT_TRUE(verify_password(match[1].str(), user->password));
  EXPECT_THAT(fails("createuser bob --random-password", 1), HasSubstr("already exists"));
}

TEST_F(ToolTest, TakesPasswordsFromStandardInput) {
  must("migrate");
  must("createuser bob --password-stdin", "first password\nmore");
  EXPECT_TRUE(verify_password("first password", Store(settings_).user_by_name("bob")->password));
  EXPECT_THAT(must("changepassword bob --password-stdin", "second password\r\n"),
              HasSubstr("revoke-all bob"));
  EXPECT_TRUE(verify_password("second password", Store(settings_).user_by_name("bob")->password));
  for (const char* bad : {"", "\n", " leading\n", "trailing \n"}) {
    fails("changepassword bob --password-stdin", 1, bad);
  }
  EXPECT_THAT(must("changepassword bob --password-stdin", "short"), HasSubstr("warning"));
  fails("changepassword eve --password-stdin", 1, "a password");
}

TEST_F(ToolTest, DeactivatesAndRevokes) {
  must("migrate");
  must("createuser bob --random-password");
  Store store(settings_);
  const std::int64_t id = store.user_by_name("bob")->id;
  store.add_outstanding(test::token("one", id));
  EXPECT_THAT(must("revoke-all bob"), HasSubstr("1 token of \"bob\" revoked"));
  EXPECT_TRUE(store.is_blacklisted("one"));
  must("deactivate bob");
  EXPECT_FALSE(store.user_by_id(id)->is_active);
  must("activate bob");
  EXPECT_TRUE(store.user_by_id(id)->is_active);
  fails("deactivate eve", 1);
  fails("revoke-all eve", 1);
  EXPECT_THAT(must("flushexpiredtokens"), HasSubstr("deleted"));
}

TEST_F(ToolTest, ShowsAClientsSecretOnce) {
  must("migrate");
  const std::string output = must("createclient billing --scope read --scope write");
  std::smatch match;
  ASSERT_TRUE(std::regex_search(output, match, std::regex("secret: ([A-Za-z0-9]{43})\n")));
  const auto client = Store(settings_).client("billing");
  EXPECT_TRUE(verify_password(match[1].str(), client->secret));
  EXPECT_EQ(client->scopes, "read write");
  fails("createclient billing", 1);
  fails("createclient 'a:b'", 2);
  fails("createclient other --scope 'a b'", 2);
  must("deactivateclient billing");
  EXPECT_FALSE(Store(settings_).client("billing")->is_active);
}

TEST_F(ToolTest, ExplainsAToken) {
  must("migrate");
  must("createuser bob --random-password");
  const TokenService tokens(service());
  Claims claims = tokens.make(TokenType::kRefresh, Clock::now());
  tokens.add_user(claims, "1", "");
  claims["evil"] = "\x1b[31m";
  const std::string good = tokens.encode(claims);
  const std::string output = must("decode " + good);
  EXPECT_THAT(output, HasSubstr("token_type   \"refresh\""));
  EXPECT_THAT(output, HasSubstr("UTC, in "));
  EXPECT_THAT(output, HasSubstr("good, by app.signing_key"));
  EXPECT_THAT(output, HasSubstr("bob, active"));
  EXPECT_THAT(output, Not(HasSubstr("\x1b")));
  EXPECT_THAT(must("decode -", good + "\n"), HasSubstr("Token        good"));
  EXPECT_THAT(fails("decode " + good + "x", 1), HasSubstr("by none of the configured keys"));
  EXPECT_THAT(
      fails("decode " + tokens.encode(tokens.make(TokenType::kAccess, Clock::time_point())), 1),
      HasSubstr("Token is expired"));
  for (const char* bad : {"x", "a.b.c", "....", "e30.e30.e30"})
    fails(std::string("decode ") + bad, 1);

  const auto jti = TokenService::text_of(claims, "jti");
  Store(settings_).blacklist(test::token(*jti, 1), test::at());
  EXPECT_THAT(fails("decode " + good, 1), HasSubstr("Token is blacklisted"));
}

/// The tool shows texts written by others: they must not control the terminal.
TEST_F(ToolTest, ShowsNoControlCharacters) {
  must("migrate");
  must("createuser bob --random-password");
  const std::string name = "J\u00fcrgen\x1b]0;x\u009b\n\xff";
  sqlite3* sqlite = nullptr;
  ASSERT_EQ(sqlite3_open(settings_.connection.c_str(), &sqlite), SQLITE_OK);
  const std::string rename = "UPDATE auth_user SET username = '" + name + "'";
  EXPECT_EQ(sqlite3_exec(sqlite, rename.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(sqlite);
  const TokenService tokens(service());
  Claims claims = tokens.make(TokenType::kRefresh, Clock::now());
  tokens.add_user(claims, "1", "");
  const std::string shown = "J\u00fcrgen\\x1b]0;x\\xc2\\x9b";
  EXPECT_THAT(must("decode " + tokens.encode(claims)),
              HasSubstr("User         " + shown + "\\x0a\\xff, active"));
  const std::string typed = "\"$(printf 'J\u00fcrgen\\033]0;x\u009b')\"";
  EXPECT_THAT(fails("deactivate " + typed, 1), HasSubstr("no user \"" + shown + '"'));
  EXPECT_THAT(fails(typed, 2), HasSubstr(shown));
  const std::string folder = folder_ / "\x1b[31m";
  std::filesystem::create_directory(folder);
  settings_.connection = folder + "/db.sqlite3";
  configure("");
  EXPECT_THAT(must("migrate"), HasSubstr("/\\x1b[31m/db.sqlite3\n"));
}

TEST_F(ToolTest, RotatesTheKeyInThreeSteps) {
  const Settings before = service();
  const std::string old_token =
      TokenService(before).encode(TokenService(before).make(TokenType::kRefresh, Clock::now()));
  EXPECT_THAT(must("rotate-key --kid k1"), Not(HasSubstr(kSecret)));
  EXPECT_THAT(must("decode " + old_token), HasSubstr("app.signing_key"));

  EXPECT_THAT(must("rotate-key --kid k2 --write"),
              HasSubstr("-c " + config() + " rotate-key --activate k2 --write"));
  EXPECT_THAT(must("decode " + old_token), HasSubstr("app.signing_key"));
  fails("rotate-key --kid k2 --write", 1);
  fails("rotate-key --activate nonsense --write", 1);
  must("rotate-key --activate k2 --write");
  EXPECT_THAT(must("decode " + old_token), HasSubstr("app.verifying_keys.0"));
  fails("rotate-key --retire k2 --write", 1);
  must("rotate-key --retire before-k2 --write");
  EXPECT_THAT(fails("decode " + old_token, 1), HasSubstr("by none of the configured keys"));
}

TEST_F(ToolTest, RotatesAtOnceWhileNobodyIsServed) {
  const Settings before = service();
  const std::string old_token =
      TokenService(before).encode(TokenService(before).make(TokenType::kRefresh, Clock::now()));
  must("rotate-key --kid k1 --at-once --write");
  EXPECT_THAT(must("decode " + old_token), HasSubstr("app.verifying_keys.0"));
}

/// Types into a program on a terminal of its own.
class Terminal {
 public:
  explicit Terminal(const std::vector<std::string>& arguments) {
    char name[64] = "";
    pid_ = ::forkpty(&descriptor_, name, nullptr, nullptr);
    if (pid_ != 0) {
      // While nobody has the other side open, the kernel may discard the last output.
      other_side_ = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
      return;
    }
    std::vector<char*> pointers;
    for (const std::string& each : arguments) pointers.push_back(const_cast<char*>(each.c_str()));
    pointers.push_back(nullptr);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  ~Terminal() {
    ::close(other_side_);
    ::close(descriptor_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// False: the program does not print that text.
  bool wait_for(const std::string& text) {
    constexpr int kPatienceMs = 20'000;
    while (output_.find(text) == std::string::npos) {
      if (!read_some(kPatienceMs)) return false;
    }
    return true;
  }
  void type(const std::string& text) const {
    EXPECT_EQ(::write(descriptor_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  int exit_code() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WEXITSTATUS(status);
  }
  const std::string& output() const { return output_; }

 private:
  bool read_some(int patience_ms) {
    char buffer[256];
    pollfd entry{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, patience_ms) != 1) return false;
    const ssize_t count = ::read(descriptor_, buffer, sizeof(buffer));
    if (count > 0) output_.append(buffer, static_cast<std::size_t>(count));
    return count > 0;
  }

  pid_t pid_ = 0;
  int descriptor_ = -1, other_side_ = -1;
  std::string output_;
};

TEST_F(ToolTest, AsksTwiceWithoutEcho) {
  must("migrate");
  Terminal terminal({JWT_AUTH_ADMIN, "-c", config(), "createuser", "bob"});
  ASSERT_TRUE(terminal.wait_for("Password of bob: ")) << terminal.output();
  terminal.type("typed password\n");
  ASSERT_TRUE(terminal.wait_for("(again): ")) << terminal.output();
  terminal.type("typed password\n");
  EXPECT_TRUE(terminal.wait_for("created")) << terminal.output();
  EXPECT_EQ(terminal.exit_code(), 0);
  EXPECT_THAT(terminal.output(), Not(HasSubstr("typed")));
  EXPECT_TRUE(verify_password("typed password", Store(settings_).user_by_name("bob")->password));
}

TEST_F(ToolTest, RefusesPasswordsThatDiffer) {
  must("migrate");
  Terminal terminal({JWT_AUTH_ADMIN, "-c", config(), "createuser", "bob"});
  ASSERT_TRUE(terminal.wait_for("Password of bob: "));
  terminal.type("typed password\n");
  ASSERT_TRUE(terminal.wait_for("(again): "));
  terminal.type("other password\n");
  EXPECT_EQ(terminal.exit_code(), 1);
  EXPECT_FALSE(Store(settings_).user_by_name("bob"));
}

TEST_F(ToolTest, CanBeInterruptedWhileItAsks) {
  must("migrate");
  Terminal terminal({JWT_AUTH_ADMIN, "-c", config(), "createuser", "bob"});
  ASSERT_TRUE(terminal.wait_for("Password of bob: "));
  terminal.type("half\x03");
  EXPECT_TRUE(terminal.wait_for("interrupted")) << terminal.output();
  EXPECT_EQ(terminal.exit_code(), 1);
}

TEST_F(ToolTest, WorksOnPostgresqlToo) {
  if (const std::string why = alicorn::test::Postgres::why_not(); !why.empty()) {
    GTEST_SKIP() << why;
  }
  std::ofstream(config()) << "app:\n  signing_key: " << kSecret
                          << "\n  password_iterations: 1000\n  database: {url: '"
                          << test::postgres().create_database() << "'}\n";
  EXPECT_THAT(must("migrate"), HasSubstr("PostgreSQL database"));
  must("createuser bob --random-password");
  EXPECT_THAT(must("revoke-all bob"), HasSubstr("0 tokens"));
  test::postgres().stop();
  EXPECT_THAT(fails("revoke-all bob", 1), HasSubstr("connect"));
  test::postgres().start();
}

}  // namespace
}  // namespace jwt_auth
