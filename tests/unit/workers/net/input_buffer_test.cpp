#include "workers/net/input_buffer.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {
namespace {

constexpr std::size_t kBlock = BlockPool::kBlockSize;

void receive(InputBuffer& buffer, std::string_view bytes) {
  std::memcpy(buffer.space(bytes.size()), bytes.data(), bytes.size());
  buffer.added(bytes.size());
}

std::string_view content(InputBuffer& buffer) {
  return {buffer.data(), buffer.size()};
}

TEST(InputBuffer, HasNoBlockBeforeItNeedsOne) {
  BlockPool pool;
  InputBuffer buffer(pool);
  EXPECT_TRUE(buffer.empty());
  EXPECT_FALSE(buffer.has_block());
  EXPECT_EQ(buffer.room(), 0U);
  EXPECT_NE(buffer.space(100), nullptr);
  EXPECT_TRUE(buffer.has_block());
  EXPECT_EQ(buffer.room(), kBlock);
}

TEST(InputBuffer, KeepsBytesInOrder) {
  BlockPool pool;
  InputBuffer buffer(pool);
  receive(buffer, "GET / ");
  receive(buffer, "HTTP/1.1");
  EXPECT_EQ(content(buffer), "GET / HTTP/1.1");
  buffer.consume(4);
  EXPECT_EQ(content(buffer), "/ HTTP/1.1");
  receive(buffer, "\r\n");
  EXPECT_EQ(content(buffer), "/ HTTP/1.1\r\n");
}

TEST(InputBuffer, ReadsInPlaceWhileThereIsRoom) {
  BlockPool pool;
  InputBuffer buffer(pool);
  receive(buffer, "abc");
  const char* data = buffer.data();
  buffer.consume(1);
  char* tail = buffer.tail();
  EXPECT_EQ(buffer.space(kBlock - 3), tail);
  EXPECT_EQ(buffer.data(), data + 1);
}

TEST(InputBuffer, KeepsItsPositionWhenConsumedWhileAReadIsPending) {
  BlockPool pool;
  InputBuffer buffer(pool);
  receive(buffer, "abc");
  char* pending = buffer.space(10);
  buffer.consume(3);
  EXPECT_TRUE(buffer.empty());
  std::memcpy(pending, "late", 4);
  buffer.added(4);
  EXPECT_EQ(content(buffer), "late");
}

TEST(InputBuffer, StartsOverWhenEmpty) {
  BlockPool pool;
  InputBuffer buffer(pool);
  receive(buffer, std::string(kBlock - 10, 'x'));
  buffer.consume(buffer.size());
  buffer.space(100);
  EXPECT_EQ(buffer.room(), kBlock);
}

TEST(InputBuffer, MovesItsBytesToTheFrontInsteadOfGrowing) {
  BlockPool pool;
  InputBuffer buffer(pool);
  receive(buffer, std::string(kBlock - 100, 'x') + std::string(50, 'y'));
  buffer.consume(kBlock - 100);
  buffer.space(1000);
  EXPECT_EQ(content(buffer), std::string(50, 'y'));
  EXPECT_EQ(buffer.room(), kBlock - 50);
}

TEST(InputBuffer, GrowsForBytesThatDoNotFit) {
  BlockPool pool;
  InputBuffer buffer(pool);
  const std::string head(kBlock - 10, 'h');
  receive(buffer, head);
  receive(buffer, std::string(3 * kBlock, 't'));
  EXPECT_EQ(content(buffer), head + std::string(3 * kBlock, 't'));
  buffer.consume(buffer.size());
  buffer.release();
  EXPECT_FALSE(buffer.has_block());
  EXPECT_EQ(buffer.room(), 0U);
  // The block of the common size went back to the pool, and only that one.
  InputBuffer next(pool);
  next.space(1);
  EXPECT_EQ(next.room(), kBlock);
}

TEST(InputBuffer, GivesItsBlockBack) {
  BlockPool pool;
  const char* block = nullptr;
  {
    InputBuffer buffer(pool);
    block = buffer.space(1);
    buffer.release();
    EXPECT_FALSE(buffer.has_block());
    EXPECT_EQ(buffer.space(1), block);
  }
  InputBuffer other(pool);
  EXPECT_EQ(other.space(1), block);
}

TEST(InputBuffer, MovesWithItsBytes) {
  BlockPool pool;
  InputBuffer buffer(pool);
  receive(buffer, "abcdef");
  buffer.consume(2);
  const char* data = buffer.data();
  InputBuffer other(std::move(buffer));
  EXPECT_EQ(other.data(), data);
  EXPECT_EQ(content(other), "cdef");
  InputBuffer third(pool);
  third = std::move(other);
  EXPECT_EQ(content(third), "cdef");
  EXPECT_FALSE(other.has_block());  // NOLINT: a moved-from buffer is empty
}

TEST(BlockPool, KeepsNoMoreBlocksThanItSays) {
  BlockPool pool;
  std::vector<std::unique_ptr<char[]>> blocks;
  for (std::size_t i = 0; i < BlockPool::kKeptMax + 5; ++i) blocks.push_back(pool.take());
  const char* first = blocks.front().get();
  const char* last = blocks.back().get();
  for (auto& block : blocks) pool.give_back(std::move(block));
  bool first_kept = false, last_kept = false;
  for (std::size_t i = 0; i < BlockPool::kKeptMax; ++i) {
    blocks.push_back(pool.take());
    first_kept = first_kept || blocks.back().get() == first;
    last_kept = last_kept || blocks.back().get() == last;
  }
  EXPECT_TRUE(first_kept);
  EXPECT_FALSE(last_kept);
}

}  // namespace
}  // namespace alicorn
