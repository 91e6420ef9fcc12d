#include "server/host/shared_rooms.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// One process is both masters: the new one has copies of the descriptors under other numbers.
class RoomsOfTwoMasters : public ::testing::Test {
 protected:
  ~RoomsOfTwoMasters() override { ::unsetenv(kRoomsVariable); }
  std::string description() {
    std::string text = describe_rooms(7, of_old, loads, room);
    // "...,6,7,8": the descriptors come last.
    text.erase(text.rfind(' ') + 1);
    std::string numbers;
    for (const int fd : descriptors_of(loads, room)) {
      numbers.append(numbers.empty() ? "" : ",").append(std::to_string(::dup(fd)));
    }
    return text + numbers;
  }
  static std::optional<SharedRooms> take(const std::string& text) {
    ::setenv(kRoomsVariable, text.c_str(), 1);
    auto rooms = take_shared_rooms();
    EXPECT_EQ(std::getenv(kRoomsVariable), nullptr);
    return rooms;
  }

  LoadTable loads = LoadTable::create(kWorkerSlots).value();
  MailRoom room = MailRoom::create(kWorkerSlots, 3).value();
  SlotSet of_old = SlotSet().set(0).set(2);
};

TEST_F(RoomsOfTwoMasters, AreTheSame) {
  auto rooms = take(description());
  ASSERT_TRUE(rooms);
  EXPECT_EQ(rooms->era, 7U);
  EXPECT_EQ(rooms->of_old, of_old);
  ASSERT_EQ(rooms->boxes.size(), 3U);
  auto table = LoadTable::map(std::move(rooms->loads), kWorkerSlots);
  auto extended =
      MailRoom::extend(std::move(rooms->custodies), std::move(rooms->boxes), kWorkerSlots, 5);
  ASSERT_TRUE(table && extended);
  loads.at(1).connections = 12;
  EXPECT_EQ(table->at(1).connections, 12U);
  const Custody::Ticket ticket = room.custody(2, 9).offer();
  EXPECT_TRUE(extended->custody(2, 9).claim(ticket));
  EXPECT_TRUE(extended->has_box(4));
  EXPECT_EQ(::write(room.writing_end(2), "mail", 4), 4);
  char text[8]{};
  EXPECT_EQ(::read(extended->reading_end(2), text, sizeof text), 4);
}

TEST_F(RoomsOfTwoMasters, StayOpenInNoProgramThatTheNewOneStarts) {
  const auto rooms = take(description());
  ASSERT_TRUE(rooms);
  EXPECT_EQ(::fcntl(rooms->loads.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(::fcntl(rooms->boxes[2].writing.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(RoomsOfTwoMasters, AreNotTakenFromAMasterThatLaysThemOutOtherwise) {
  std::string text = description();
  text[0] = text[0] == '9' ? '8' : '9';
  EXPECT_FALSE(take(text));
}

TEST_F(RoomsOfTwoMasters, AreNotTakenFromNonsense) {
  EXPECT_FALSE(take_shared_rooms());
  const std::string text = description();
  for (std::size_t size = 0; size < text.rfind(',') - 2; ++size) {
    std::string cut = text.substr(0, size);
    // Descriptors that are cut in two could be those of this test.
    if (cut.rfind(' ') != std::string::npos && cut.rfind(' ') == text.rfind(' ')) break;
    EXPECT_FALSE(take(cut)) << cut;
  }
  EXPECT_FALSE(take(text.substr(0, text.rfind(' ') + 1) + "900000,900001,900002,900003"));
}

}  // namespace
}  // namespace alicorn
