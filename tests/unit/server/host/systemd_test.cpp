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
    const ServiceNotifier notifier = ServiceNotifier::from_environment();
    notifier.ready();
    EXPECT_EQ(manager.heard(), "READY=1\nMAINPID=" + std::to_string(::getpid()));
    notifier.reloading();
    EXPECT_TRUE(manager.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    notifier.stopping();
    EXPECT_EQ(manager.heard(), "STOPPING=1");
  }
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
