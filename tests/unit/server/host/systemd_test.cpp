#include "server/host/systemd.hpp"

#include "base/address.hpp"
#include "base/unique_fd.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

using test::TemporaryFolder;

/// Plays the service manager.
class Manager {
 public:
  explicit Manager(const std::string& path)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const Address address = Address::parse("unix:" + path).value();
    EXPECT_EQ(::bind(fd_.get(), address.data(), address.size()), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }

  /// Until there is no room for more. Each with a sender of its own: where the queue is long, the
  /// buffer of one is full before.
  void fill(const std::string& path) const {
    const Address address = Address::parse("unix:" + path).value();
    ssize_t sent = 1;
    while (sent == 1) {
      const UniqueFd sender(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      sent = ::sendto(sender.get(), "x", 1, 0, address.data(), address.size());
    }
  }
  void drain() const {
    while (!heard().empty()) continue;
  }

  std::string heard() const {
    char buffer[512];
    const ssize_t size = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
    return size < 0 ? "" : std::string(buffer, static_cast<std::size_t>(size));
  }

 private:
  UniqueFd fd_;
};

TEST(ServiceNotifier, TellsTheManager) {
  const TemporaryFolder folder;
  for (const std::string& path :
       {folder / "notify", "@alicorn-notify-" + std::to_string(::getpid())}) {
    const Manager manager(path);
    ServiceNotifier notifier = ServiceNotifier::from_environment();
    notifier.starting(milliseconds(1500));
    EXPECT_EQ(manager.heard(), "EXTEND_TIMEOUT_USEC=1500000");
    notifier.ready();
    EXPECT_EQ(manager.heard(), "READY=1\nMAINPID=" + std::to_string(::getpid()));
    notifier.reloading();
    EXPECT_TRUE(manager.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    notifier.main_process();
    EXPECT_EQ(manager.heard(), "MAINPID=" + std::to_string(::getpid()));
    notifier.status("2 of 2 workers ready");
    EXPECT_EQ(manager.heard(), "STATUS=2 of 2 workers ready");
    notifier.status("2 of 2 workers ready");
    EXPECT_EQ(manager.heard(), "") << "told once";
    notifier.stopping(milliseconds(2000));
    EXPECT_EQ(manager.heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=2000000");
  }
}

TEST(ServiceNotifier, TakesItsVariablesOutOfTheEnvironmentUntilItHandsOver) {
  const TemporaryFolder folder;
  const Manager manager(folder / "notify");
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  const ServiceNotifier notifier = ServiceNotifier::from_environment();
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    EXPECT_EQ(std::getenv(name), nullptr) << name;
  }
  notifier.hand_over();
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), folder / "notify");
  EXPECT_STREQ(std::getenv("WATCHDOG_USEC"), "2000000");
  EXPECT_EQ(std::getenv("WATCHDOG_PID"), std::to_string(::getpid()));
  ::unsetenv("WATCHDOG_USEC");
  ::unsetenv("WATCHDOG_PID");
}

TEST(ServiceNotifier, BeatsAtHalfOfTheTimeFromReadyOnIfItIsWatched) {
  const TemporaryFolder folder;
  for (const bool is_ours : {true, false}) {
    const Manager manager(folder / (is_ours ? "ours" : "others"));
    ::setenv("WATCHDOG_USEC", "2000000", 1);
    ::setenv("WATCHDOG_PID", is_ours ? std::to_string(::getpid()).c_str() : "1", 1);
    ServiceNotifier notifier = ServiceNotifier::from_environment();
    EXPECT_FALSE(notifier.next_beat());
    notifier.ready();
    manager.heard();
    ASSERT_EQ(notifier.next_beat().has_value(), is_ours);
    if (!is_ours) continue;
    const MonotonicTime start = *notifier.next_beat();
    notifier.beat(start);
    EXPECT_EQ(manager.heard(), "WATCHDOG=1");
    EXPECT_EQ(notifier.next_beat(), start + milliseconds(1000));
    notifier.beat(start + milliseconds(999));
    EXPECT_EQ(manager.heard(), "");
  }
}

TEST(ServiceNotifier, KeepsWhatAManagerHasToKnowUntilItHasRoom) {
  const TemporaryFolder folder;
  const Manager manager(folder / "notify");
  ServiceNotifier notifier = ServiceNotifier::from_environment();
  manager.fill(folder / "notify");
  notifier.reloading();
  notifier.ready();
  notifier.status("busy");
  EXPECT_TRUE(notifier.is_behind());
  notifier.catch_up();
  const MonotonicTime time = now();
  EXPECT_EQ(notifier.next_event(time), time + milliseconds(100));
  manager.drain();
  notifier.catch_up();
  EXPECT_FALSE(notifier.is_behind());
  EXPECT_EQ(notifier.next_event(time), std::nullopt);
  EXPECT_TRUE(manager.heard().starts_with("RELOADING=1\n"));
  EXPECT_TRUE(manager.heard().starts_with("READY=1\n"));
  EXPECT_EQ(manager.heard(), "") << "there was no room for the status";
  notifier.status("busy");
  EXPECT_EQ(manager.heard(), "STATUS=busy") << "it was never told";
}

TEST(ServiceNotifier, KeepsOnlyTheNewestForADeafManagerAndNothingForAnotherMaster) {
  const TemporaryFolder folder;
  const Manager manager(folder / "notify");
  ServiceNotifier notifier = ServiceNotifier::from_environment();
  manager.fill(folder / "notify");
  for (int i = 0; i < 100; ++i) notifier.reloading();
  notifier.stopping(milliseconds(2000));
  manager.drain();
  std::string last;
  int told = -1;
  for (std::string message = "x"; !message.empty(); message = manager.heard()) {
    last = message;
    ++told;
    notifier.catch_up();
  }
  EXPECT_EQ(told, 16);
  EXPECT_TRUE(last.starts_with("STOPPING=1\n"));
  manager.fill(folder / "notify");
  notifier.main_process();
  notifier.forget_unsent();
  manager.drain();
  notifier.catch_up();
  EXPECT_EQ(manager.heard(), "");
}

TEST(ServiceNotifier, BeatsSoonAgainWhenThereWasNoRoom) {
  const TemporaryFolder folder;
  const Manager manager(folder / "notify");
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ServiceNotifier notifier = ServiceNotifier::from_environment();
  notifier.ready();
  const MonotonicTime start = notifier.next_beat().value();
  manager.fill(folder / "notify");
  notifier.beat(start);
  EXPECT_EQ(notifier.next_beat(), start + milliseconds(100));
  manager.drain();
  notifier.beat(start + milliseconds(100));
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
  EXPECT_EQ(notifier.next_beat(), start + milliseconds(1100));
}

TEST(ServiceNotifier, WithoutAManagerNothingHappens) {
  ::unsetenv("NOTIFY_SOCKET");
  ServiceNotifier::from_environment().ready();
  ::setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
  ServiceNotifier::from_environment().ready();
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace alicorn
