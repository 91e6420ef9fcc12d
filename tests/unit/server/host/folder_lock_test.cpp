#include "server/host/folder_lock.hpp"

#include "server/host/listeners.hpp"
#include "server/host/pidfile.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

using test::read_file;
using test::TemporaryFolder;
using test::write_file;

constexpr milliseconds kMoment{100};

/// Another server's start, which has the folder for a moment and leaves its file there.
template <class Start, class Finish>
void meet(const std::string& path, Start start, Finish finish) {
  std::optional<FolderLock> others(path);
  std::thread starting(start);
  EXPECT_TRUE(test::stays([&] { return !std::filesystem::exists(path); }, kMoment));
  finish();
  others.reset();
  starting.join();
}

TEST(FolderLock, APidfileIsLookedAtWhenTheOtherStartIsOver) {
  const TemporaryFolder folder;
  const std::string path = folder / "pid";
  const std::string other = std::to_string(::getppid()) + "\n";
  bool is_ours = true;
  UniqueFd held;
  meet(
      path, [&] { is_ours = Pidfile::create(path).has_value(); },
      [&] {
        write_file(path, other);
        held = UniqueFd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        struct flock lock {};
        lock.l_type = F_WRLCK;
        ASSERT_EQ(::fcntl(held.get(), F_OFD_SETLK, &lock), 0);
      });
  EXPECT_FALSE(is_ours);
  EXPECT_EQ(read_file(path), other);
}

TEST(FolderLock, AUnixSocketIsLookedAtWhenTheOtherStartIsOver) {
  const TemporaryFolder folder;
  const Address address = Address::parse("unix:" + folder / "sock").value();
  const UniqueFd other(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  std::string problem;
  meet(
      folder / "sock",
      [&] {
        const auto listeners = open_listeners({.addresses = {address}, .backlog = 1}, {});
        if (!listeners) problem = listeners.error().text();
      },
      [&] {
        ASSERT_EQ(::bind(other.get(), address.data(), address.size()), 0);
        EXPECT_EQ(problem, "");
        ASSERT_EQ(::listen(other.get(), 1), 0);
      });
  EXPECT_EQ(problem, address.text() + ": another server answers there");
}

TEST(FolderLock, ThatSomebodyKeepsDoesNotKeepTheServerFromStarting) {
  const TemporaryFolder folder;
  const FolderLock others(folder / "pid");
  EXPECT_TRUE(Pidfile::create(folder / "pid"));
}

TEST(FolderLock, OfAFolderThatIsNotThereIsNoError) {
  const TemporaryFolder folder;
  const FolderLock lock(folder / "missing/pid");
  EXPECT_FALSE(std::filesystem::exists(folder / "missing"));
}

}  // namespace
}  // namespace alicorn
