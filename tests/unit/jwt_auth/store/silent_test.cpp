// The database is silent: it is stopped, or behind a pooler or proxy whose far side does not
// answer. Nobody but the service itself ends the wait.
#include "store/database.hpp"
#include "store/store.hpp"
#include "support/database.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/pgbouncer.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace jwt_auth {
namespace {

using alicorn::test::eventually;
using alicorn::test::PgBouncer;
using test::at;
using test::token;
using testing::HasSubstr;

constexpr Query kBackend{"SELECT pg_backend_pid()", "", "n"};

/// The text of StoreUnavailable; empty: it was not thrown.
template <class Work>
std::string complaint_of(Work work) {
  try {
    work();
    return "";
  } catch (const StoreUnavailable& error) {
    return error.what();
  }
}

/// Stops a backend, as a debugger or a swapping machine would.
class Stopped {
 public:
  explicit Stopped(std::int64_t pid) : pid_(static_cast<pid_t>(pid)) { ::kill(pid_, SIGSTOP); }
  ~Stopped() { ::kill(pid_, SIGCONT); }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

 private:
  const pid_t pid_;
};

/// Accepts connections in the kernel's backlog and says nothing.
class SilentPort {
 public:
  SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) != 0 || ::listen(socket_, 16) != 0 ||
        ::getsockname(socket_, any, &size) != 0) {
      throw std::runtime_error("no port to listen on");
    }
    number_ = std::to_string(ntohs(address.sin_port));
  }
  ~SilentPort() { ::close(socket_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;

  const std::string& number() const { return number_; }

 private:
  const int socket_;
  std::string number_;
};

class SilentTest : public test::OnBoth {
 protected:
  void SetUp() override {
    OnBoth::SetUp();
    if (IsSkipped()) return;
    impatient_ = settings();
    impatient_.timeout = seconds(1);
  }

  static std::int64_t backend_of(Database& database) {
    return database.read("test", [](Connection& connection) {
      return std::int64_t{(*connection.one(kBackend, {}))[0].number};
    });
  }
  /// Stops the backends of all our connections to this database.
  std::vector<std::unique_ptr<Stopped>> stop_backends() const {
    std::vector<std::unique_ptr<Stopped>> all;
    for (const std::string& pid :
         database_->column("SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                           "AND application_name = 'jwt_auth'")) {
      all.push_back(std::make_unique<Stopped>(std::stoll(pid)));
    }
    return all;
  }

  DatabaseSettings impatient_;
};

TEST_P(SilentTest, EndsAReadInTimeAndReconnectsForTheNext) {
  Store store(impatient_);
  EXPECT_FALSE(store.is_blacklisted("one"));
  const auto stopped = stop_backends();
  ASSERT_EQ(stopped.size(), 1U);
  EXPECT_THAT(complaint_of([&] { store.is_blacklisted("one"); }),
              testing::AllOf(HasSubstr("does not answer in time"), HasSubstr("database.timeout")));
  EXPECT_FALSE(store.is_blacklisted("one"));
}

TEST_P(SilentTest, EndsAWriteInTimeAndWritesNothing) {
  Store store(impatient_);
  EXPECT_FALSE(store.is_blacklisted("one"));
  {
    const auto stopped = stop_backends();
    EXPECT_THAT(complaint_of([&] { store.blacklist(token("one"), at()); }),
                HasSubstr("does not answer in time"));
  }
  EXPECT_TRUE(eventually([&] { return stop_backends().empty(); })) << "a session was left";
  EXPECT_FALSE(store.is_blacklisted("one"));
  EXPECT_TRUE(store.blacklist(token("one"), at()));
}

TEST_P(SilentTest, EndsAWriteThatFallsSilentHalfway) {
  Database database(impatient_, std::make_shared<Silence>(impatient_.timeout));
  const auto stop_and_write = [](Connection& connection) {
    connection.run_once("INSERT INTO jwt_auth_client VALUES ('a', 's', '', true, 0)");
    const Stopped stopped((*connection.one(kBackend, {}))[0].number);
    connection.run_once("INSERT INTO jwt_auth_client VALUES ('b', 's', '', true, 0)");
  };
  EXPECT_THAT(complaint_of([&] { database.write("test", stop_and_write); }),
              HasSubstr("does not answer in time"));
  EXPECT_EQ(database_->value("SELECT count(*) FROM jwt_auth_client"), "0");
}

TEST_P(SilentTest, GivesAnAdministratorTheTimeoutPerStatement) {
  Database database(impatient_);
  const auto sleep_twice = [](Connection& connection) {
    for (int i = 0; i < 2; ++i) connection.run_once("SELECT pg_sleep(0.7)");
  };
  database.write("test", sleep_twice);
  EXPECT_THROW(
      database.write("test",
                     [](Connection& connection) { connection.run_once("SELECT pg_sleep(60)"); }),
      StoreUnavailable);
}

TEST_P(SilentTest, GivesARequestTheTimeoutForAllItsStatements) {
  Database database(impatient_, std::make_shared<Silence>(impatient_.timeout));
  int slept = 0;
  const auto sleep_often = [&slept](Connection& connection) {
    for (int i = 0; i < 50; ++i, ++slept) connection.run_once("SELECT pg_sleep(0.1)");
  };
  EXPECT_THROW(database.write("test", sleep_often), StoreUnavailable);
  EXPECT_LT(slept, 10);
}

TEST_P(SilentTest, DoesNotMistakeALockForSilence) {
  const auto silence = std::make_shared<Silence>(impatient_.timeout);
  Database database(impatient_, silence);
  const std::int64_t backend = backend_of(database);
  Connection other(settings(), IfAbsent::kRefuse);
  other.begin();
  other.run_once("LOCK TABLE jwt_auth_client");
  const auto insert = [](Connection& connection) {
    connection.run_once("INSERT INTO jwt_auth_client VALUES ('a', 's', '', true, 0)");
  };
  EXPECT_THAT(complaint_of([&] { database.write("test", insert); }), HasSubstr("57014"));
  EXPECT_FALSE(silence->ask("test").is_probe);
  EXPECT_EQ(backend_of(database), backend) << "the connection was dropped";
}

TEST_P(SilentTest, LeavesTheOtherThreadsFree) {
  const std::string name = database_->value("SELECT current_database()");
  if (const std::string why = PgBouncer::why_not(); !why.empty()) GTEST_SKIP() << why;
  const PgBouncer pooler(test::postgres(), "transaction", 2);
  impatient_.connection = pooler.connection_string(name);
  const auto silence = std::make_shared<Silence>(impatient_.timeout);
  Store first(impatient_, silence), second(impatient_, silence);
  EXPECT_FALSE(first.is_blacklisted("one"));
  pooler.command("PAUSE");
  EXPECT_NE(complaint_of([&] { first.is_blacklisted("one"); }), "");
  std::atomic<bool> goes_on{true};
  std::thread prober([&] {
    while (goes_on) complaint_of([&] { first.is_blacklisted("one"); });
  });
  EXPECT_TRUE(eventually([&] {
    return complaint_of([&] { second.is_blacklisted("one"); }).find("another request") !=
           std::string::npos;
  }));
  pooler.command("RESUME");
  EXPECT_TRUE(
      eventually([&] { return complaint_of([&] { second.is_blacklisted("one"); }).empty(); }));
  goes_on = false;
  prober.join();
}

TEST_P(SilentTest, DoesNotWaitForAConnectionForEver) {
  const SilentPort port;
  impatient_.connection = "host=127.0.0.1 port=" + port.number() + " user=x password=s3cret";
  Store store(impatient_);
  const std::string complaint = complaint_of([&] { store.user_by_id(1); });
  EXPECT_THAT(complaint,
              HasSubstr("127.0.0.1 port " + port.number() + " does not complete the connection"));
  EXPECT_THAT(complaint, testing::Not(HasSubstr("s3cret")));
}

TEST_P(SilentTest, LeavesTimeForTheSecondHost) {
  const SilentPort port;
  impatient_.connection =
      "host=127.0.0.1," + test::postgres().socket_folder() + " port=" + port.number() +
      ",5432 user=postgres dbname=" + database_->value("SELECT current_database()");
  EXPECT_FALSE(Store(impatient_).user_by_id(1));
}

TEST_P(SilentTest, LeavesTimeForTheSecondAddressOfAName) {
  const SilentPort port;  // listens on one address only: the other refuses
  const HostAddresses addresses([](const std::string&) {
    return HostAddresses::Answer{{"127.0.0.1", "127.0.0.2"}, ""};
  });
  impatient_.connection = "host=db connect_timeout=60 port=" + port.number() + " user=x";
  Store store(impatient_, std::make_shared<Silence>(impatient_.timeout), addresses);
  EXPECT_THAT(
      complaint_of([&] { store.user_by_id(1); }),
      testing::AllOf(HasSubstr("db (127.0.0.1) port " + port.number() + " does not complete"),
                     HasSubstr("127.0.0.2"), HasSubstr("refused")));
}

TEST_P(SilentTest, WaitsForTheAddressOfANameNoLongerThanForAnAnswer) {
  std::promise<void> answer;
  const HostAddresses addresses([known = answer.get_future().share()](const std::string&) {
    known.wait();
    return HostAddresses::Answer{{"127.0.0.1"}, ""};
  });
  impatient_.connection = "host=db port=1 user=x";
  Store store(impatient_, std::make_shared<Silence>(impatient_.timeout), addresses);
  EXPECT_THAT(complaint_of([&] { store.user_by_id(1); }),
              HasSubstr("the look-up of \"db\" was not answered in time"));
  answer.set_value();
  EXPECT_TRUE(eventually([&] {
    return complaint_of([&] { store.user_by_id(1); }).find("127.0.0.1") != std::string::npos;
  })) << "it does not get the answer that came late";
}

TEST_P(SilentTest, StartsAnAdministratorsTimeoutAfterTheLookUp) {
  const SilentPort port;
  std::atomic<Deadline::Clock::time_point> known{};
  const HostAddresses addresses([&known, timeout = impatient_.timeout](const std::string&) {
    const Deadline statement = Deadline::in(timeout);
    eventually([&statement] { return statement.left() == milliseconds(0); });
    known = Deadline::Clock::now();
    return HostAddresses::Answer{{"127.0.0.1"}, ""};
  });
  impatient_.connection = "host=db port=" + port.number() + " user=x";
  try {
    const Connection connection(impatient_, IfAbsent::kRefuse, std::nullopt, addresses);
    FAIL();
  } catch (const QueryError& error) {
    EXPECT_THAT(error.what(), HasSubstr("does not complete the connection"));
    EXPECT_GT(Deadline::Clock::now() - known.load(), milliseconds(500));
  }
}

INSTANTIATE_TEST_SUITE_P(Postgresql, SilentTest, testing::Values(test::Kind::kPostgresql));

}  // namespace
}  // namespace jwt_auth
