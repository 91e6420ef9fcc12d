#include "workers/connection/hand_over_message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace alicorn {
namespace {

HandOverMessage offer() {
  return {.kind = HandOverMessage::Kind::kOffer,
          .sender = 3,
          .place = 7,
          .ticket = 1ULL << 40,
          .state = {.idle_since_us = 11, .deadline_us = 12, .was_served = true},
          .request = {.received_us = 21, .came_us = 22, .moves = 2, .has_claim = true},
          .unread = "GET / HTTP/1.1\r\n"};
}

std::string written(const HandOverMessage& message) {
  const auto header = message.header();
  return std::string(header.data(), header.size()).append(message.unread);
}

TEST(HandOverMessage, IsReadAsItWasWritten) {
  const std::string text = written(offer());
  const auto read = HandOverMessage::parse(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, HandOverMessage::Kind::kOffer);
  EXPECT_EQ(read->sender, 3U);
  EXPECT_EQ(read->place, 7U);
  EXPECT_EQ(read->ticket, 1ULL << 40);
  EXPECT_EQ(read->state.idle_since_us, 11U);
  EXPECT_EQ(read->state.deadline_us, 0U);
  EXPECT_TRUE(read->state.was_served);
  EXPECT_EQ(read->request.received_us, 21U);
  EXPECT_EQ(read->request.came_us, 22U);
  EXPECT_EQ(read->request.moves, 2U);
  EXPECT_TRUE(read->request.has_claim);
  EXPECT_EQ(read->unread, "GET / HTTP/1.1\r\n");
}

TEST(HandOverMessage, OfAnyOtherFormIsNone) {
  const std::string text = written(offer());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(HandOverMessage::parse(text.substr(0, size))) << size;
  }
  EXPECT_FALSE(HandOverMessage::parse(text + "x"));
  std::string other = text;
  other[0] ^= 1;
  EXPECT_FALSE(HandOverMessage::parse(other)) << "the magic";
  other = text;
  other[4] = 9;
  EXPECT_FALSE(HandOverMessage::parse(other)) << "the kind";
}

TEST(HandOverMessage, HasALimit) {
  HandOverMessage message = offer();
  const std::string most(HandOverMessage::kUnreadMax, 'x'), more = most + "x";
  message.unread = most;
  EXPECT_TRUE(HandOverMessage::parse(written(message)));
  message.unread = more;
  EXPECT_FALSE(HandOverMessage::parse(written(message)));
}

}  // namespace
}  // namespace alicorn
