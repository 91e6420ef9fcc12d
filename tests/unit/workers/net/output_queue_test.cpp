#include "workers/net/output_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace alicorn {
namespace {

/// What the queue would send next, piece by piece.
std::vector<std::string> pieces(const OutputQueue& queue, int capacity = 16) {
  std::vector<iovec> vectors(static_cast<std::size_t>(capacity));
  const int count = queue.gather(vectors.data(), capacity);
  std::vector<std::string> result;
  for (int i = 0; i < count; ++i) {
    const iovec& vector = vectors[static_cast<std::size_t>(i)];
    result.emplace_back(static_cast<const char*>(vector.iov_base), vector.iov_len);
  }
  return result;
}

using Pieces = std::vector<std::string>;

/// Lent bytes that count their releases.
struct Lent {
  explicit Lent(std::string_view bytes) : text(bytes) {}
  alicorn_buffer buffer() {
    return {text.data(), text.size(), [](void* self) { ++static_cast<Lent*>(self)->releases; },
            this};
  }
  std::string text;
  int releases = 0;
};

TEST(OutputQueue, BeginsEmpty) {
  OutputQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(pieces(queue), Pieces{});
  queue.consume(0);
  EXPECT_TRUE(queue.empty());
}

TEST(OutputQueue, JoinsCopies) {
  OutputQueue queue;
  queue.append_copy("one ");
  queue.append_copy("two");
  queue.append_copy("");
  EXPECT_EQ(queue.size(), 7U);
  EXPECT_EQ(pieces(queue), Pieces{"one two"});
}

TEST(OutputQueue, TakesTheOutputOfSerialisers) {
  OutputQueue queue;
  queue.append_copy("head ");
  queue.copy_target() += "tail";
  EXPECT_EQ(queue.size(), 5U);
  queue.copied();
  queue.copied();
  EXPECT_EQ(queue.size(), 9U);
  EXPECT_EQ(pieces(queue), Pieces{"head tail"});
}

TEST(OutputQueue, GoesOnBehindWhatWasSentOfItsCopies) {
  Lent lent("lent");
  OutputQueue queue;
  queue.append_copy("one two");
  queue.consume(4);
  EXPECT_EQ(pieces(queue), Pieces{"two"});
  queue.append_copy(" three");
  EXPECT_EQ(pieces(queue), Pieces{"two three"});
  queue.consume(1);
  queue.append_buffer(lent.buffer());
  queue.append_copy(" four");
  EXPECT_EQ(pieces(queue), (Pieces{"wo three", "lent", " four"}));
  EXPECT_EQ(queue.size(), 17U);
  queue.consume(17);
  EXPECT_EQ(lent.releases, 1);
  EXPECT_EQ(pieces(queue), Pieces{});
  queue.append_copy("again");
  EXPECT_EQ(pieces(queue), Pieces{"again"});
}

TEST(OutputQueue, SendsLentBytesInPlace) {
  Lent lent("lent");
  OutputQueue queue;
  queue.append_copy("before ");
  queue.append_buffer(lent.buffer());
  queue.append_copy(" after");
  EXPECT_EQ(pieces(queue), (Pieces{"before ", "lent", " after"}));
  iovec vectors[3];
  ASSERT_EQ(queue.gather(vectors, 3), 3);
  EXPECT_EQ(vectors[1].iov_base, lent.text.data());
}

TEST(OutputQueue, CopiesBytesThatAreNotLent) {
  OutputQueue queue;
  std::string text = "copied";
  queue.append_buffer({text.data(), text.size(), nullptr, nullptr});
  queue.append_buffer({nullptr, 0, nullptr, nullptr});
  text = "gone..";
  EXPECT_EQ(pieces(queue), Pieces{"copied"});
}

TEST(OutputQueue, FindsItsCopiesAfterTheirMemoryMoved) {
  Lent lent("|");
  OutputQueue queue;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = std::to_string(i) + " some text";
    queue.append_copy(text);
    queue.append_buffer(lent.buffer());
    expected += text + "|";
  }
  EXPECT_EQ(queue.size(), expected.size());
  std::string sent;
  while (!queue.empty()) {
    std::size_t size = 0;
    for (const std::string& piece : pieces(queue, 7)) {
      sent += piece;
      size += piece.size();
    }
    queue.consume(size);
  }
  EXPECT_EQ(sent, expected);
  EXPECT_EQ(lent.releases, 1000);
}

TEST(OutputQueue, ReleasesEachBufferWhenItHasBeenSent) {
  Lent first("first"), second("second");
  OutputQueue queue;
  queue.append_buffer(first.buffer());
  queue.append_buffer(second.buffer());
  queue.consume(4);
  EXPECT_EQ(first.releases, 0);
  EXPECT_EQ(pieces(queue), (Pieces{"t", "second"}));
  queue.consume(2);
  EXPECT_EQ(first.releases, 1);
  EXPECT_EQ(second.releases, 0);
  EXPECT_EQ(pieces(queue), Pieces{"econd"});
  queue.consume(5);
  EXPECT_EQ(second.releases, 1);
  EXPECT_TRUE(queue.empty());
  queue.clear();
  EXPECT_EQ(first.releases, 1);
  EXPECT_EQ(second.releases, 1);
}

TEST(OutputQueue, ReleasesAnEmptyBufferAtOnce) {
  Lent lent("");
  OutputQueue queue;
  queue.append_buffer(lent.buffer());
  EXPECT_EQ(lent.releases, 1);
  EXPECT_TRUE(queue.empty());
}

TEST(OutputQueue, ReleasesDroppedBuffers) {
  Lent sent("sent"), cleared("cleared"), destroyed("destroyed");
  {
    OutputQueue queue;
    queue.append_buffer(sent.buffer());
    queue.append_buffer(cleared.buffer());
    queue.consume(5);
    queue.clear();
    EXPECT_EQ(cleared.releases, 1);
    queue.append_copy("used again");
    EXPECT_EQ(pieces(queue), Pieces{"used again"});
    queue.append_buffer(destroyed.buffer());
  }
  EXPECT_EQ(sent.releases, 1);
  EXPECT_EQ(cleared.releases, 1);
  EXPECT_EQ(destroyed.releases, 1);
}

TEST(OutputQueue, SendsCopiesAfterAHalfSentBuffer) {
  OutputQueue queue;
  queue.append_copy("0123456789");
  queue.consume(4);
  queue.append_copy("abc");
  EXPECT_EQ(queue.size(), 9U);
  EXPECT_EQ(pieces(queue), Pieces{"456789abc"});
  queue.consume(8);
  EXPECT_EQ(pieces(queue), Pieces{"c"});
}

/// Otherwise each piece of a long response would be allocated anew.
TEST(OutputQueue, KeepsMemoryUntilTheResponseHasEnded) {
  constexpr std::size_t kPiece = 200 * 1024;
  OutputQueue queue;
  queue.append_copy(std::string(kPiece, 'x'));
  queue.consume(kPiece);
  EXPECT_GE(queue.copy_target().capacity(), kPiece);
  queue.trim();
  EXPECT_LT(queue.copy_target().capacity(), 32U);
}

TEST(OutputQueue, KeepsTheMemoryOfASmallResponse) {
  OutputQueue queue;
  queue.append_copy(std::string(8000, 'x'));
  queue.clear();
  queue.trim();
  EXPECT_TRUE(queue.empty());
  EXPECT_GE(queue.copy_target().capacity(), 8000U);
}

TEST(OutputQueue, SwapsEverything) {
  OutputQueue full, other;
  Lent lent("lent");
  full.append_copy("0123");
  full.append_buffer(lent.buffer());
  full.consume(2);
  full.swap(other);
  EXPECT_TRUE(full.empty());
  EXPECT_EQ(pieces(full), Pieces{});
  EXPECT_EQ(pieces(other), (Pieces{"23", "lent"}));
  full.append_copy("new");
  EXPECT_EQ(pieces(full), Pieces{"new"});
  other.consume(6);
  EXPECT_EQ(lent.releases, 1);
}

}  // namespace
}  // namespace alicorn
