#include "server/arbiter/spawn/errand_parcel.hpp"

#include "server/host/pidfile.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace alicorn {
namespace {

using State = ErrandReader::State;

/// In a child.
void expect_success(const std::function<bool()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

class ErrandParcel : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    master.reset(ends[0]);
    child.reset(ends[1]);
  }
  UniqueFd master, child;
  ErrandReader reader;
};

TEST_F(ErrandParcel, BringsTextsFilesAndErrorsBack) {
  EXPECT_EQ(reader.read(master.get()), State::kUnfinished);
  ErrandFinds sent;
  sent.emplace_back(ErrandFind{.text = "workers: 4\n"});
  sent.emplace_back(ErrandFind{.fd = LingeringFd(::open("/dev/zero", O_RDONLY | O_CLOEXEC))});
  sent.emplace_back(ErrandFind{});
  sent.emplace_back(
      tl::unexpected(Error{std::error_code(EACCES, std::system_category()), "open /var/log/x"}));
  sent.emplace_back(tl::unexpected(Error{{}, "is no regular file"}));
  sent.emplace_back(ErrandFind{.fd = LingeringFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
  send_finds(child.get(), sent);
  ASSERT_EQ(reader.read(master.get()), State::kWhole);
  const ErrandFinds found = reader.take();
  ASSERT_EQ(found.size(), 6U);
  EXPECT_EQ(found[0]->text, "workers: 4\n");
  char byte = 1;
  EXPECT_EQ(::read(found[1]->fd.get(), &byte, 1), 1) << "of /dev/zero";
  EXPECT_FALSE(found[2]->fd);
  EXPECT_EQ(found[3].error().code, std::errc::permission_denied);
  EXPECT_EQ(found[3].error().text(), "open /var/log/x: Permission denied");
  EXPECT_EQ(found[4].error().text(), "is no regular file");
  EXPECT_EQ(::read(found[5]->fd.get(), &byte, 1), 0) << "of /dev/null";
}

TEST_F(ErrandParcel, BringsALockThatStaysWhenTheChildHasEnded) {
  const test::TemporaryFolder folder;
  auto pidfile = Pidfile::create(folder / "pid");
  ASSERT_TRUE(pidfile);
  ASSERT_TRUE(pidfile->move_to(folder / "pid.oldbin"));
  std::filesystem::remove(folder / "pid.oldbin");  // so that come_back() writes it anew
  expect_success([&] {
    auto lock = pidfile->come_back(folder / "pid");
    if (!lock) return false;
    ErrandFinds sent;
    sent.emplace_back(ErrandFind{.fd = LingeringFd(lock->release())});
    send_finds(child.get(), sent);
    return true;
  });
  ASSERT_EQ(reader.read(master.get()), State::kWhole);
  ErrandFinds found = reader.take();
  ASSERT_TRUE(found.at(0) && found[0]->fd);
  pidfile->note_place(folder / "pid", UniqueFd(found[0]->fd.release()));
  EXPECT_EQ(test::read_file(folder / "pid"), std::to_string(::getpid()) + "\n");
  expect_success([&] { return !Pidfile::create(folder / "pid"); });
  const UniqueFd older(::open((folder / "pid").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_LT(::flock(older.get(), LOCK_SH | LOCK_NB), 0) << "which is all an older server looks for";
}

#ifndef __SANITIZE_ADDRESS__  // which itself creates pipes to inspect memory
TEST_F(ErrandParcel, SaysWhichFileFoundNoDescriptor) {
  ErrandFinds sent;
  sent.emplace_back(ErrandFind{.fd = LingeringFd(::open("/dev/zero", O_RDONLY | O_CLOEXEC))});
  sent.emplace_back(ErrandFind{.text = "after it"});
  send_finds(child.get(), sent);
  expect_success([&] {
    const UniqueFd next(::dup(master.get()));
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = static_cast<rlim_t>(next.get()) + 1;  // up to the lowest number that was free
    ::setrlimit(RLIMIT_NOFILE, &limit);
    const bool is_whole = reader.read(master.get()) == State::kWhole;
    const ErrandFinds found = reader.take();
    return is_whole && found.size() == 2 && !found[0] &&
           found[0].error().code == std::errc::too_many_files_open && found[1]->text == "after it";
  });
}
#endif

TEST_F(ErrandParcel, OfAnySizeIsReadInPieces) {
  ErrandFinds sent;
  sent.emplace_back(ErrandFind{.text = std::string(3'000'000, 'x')});
  std::thread sender([&] { send_finds(child.get(), sent); });
  State state = State::kUnfinished;
  while (state == State::kUnfinished) state = reader.read(master.get());
  sender.join();
  ASSERT_EQ(state, State::kWhole);
  EXPECT_EQ(reader.take().at(0)->text.size(), 3'000'000U);
}

TEST_F(ErrandParcel, IsBrokenWhereTheChildEndsEarly) {
  ASSERT_EQ(::write(child.get(), "abc", 3), 3);
  EXPECT_EQ(reader.read(master.get()), State::kUnfinished);
  child.reset();
  EXPECT_EQ(reader.read(master.get()), State::kBroken);
}

}  // namespace
}  // namespace alicorn
