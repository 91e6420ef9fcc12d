#include "server/arbiter/errand_parcel.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

using State = ErrandReader::State;

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
  sent.emplace_back(ErrandFind{.fd = UniqueFd(::open("/dev/zero", O_RDONLY | O_CLOEXEC))});
  sent.emplace_back(ErrandFind{});
  sent.emplace_back(
      tl::unexpected(Error{std::error_code(EACCES, std::system_category()), "open /var/log/x"}));
  sent.emplace_back(tl::unexpected(Error{{}, "is no regular file"}));
  sent.emplace_back(ErrandFind{.fd = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
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
