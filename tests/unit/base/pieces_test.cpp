#include "base/pieces.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace alicorn {
namespace {

/// Copies of every size, from memory that ends with the piece.
TEST(Pieces, OfEverySizeAreAppendedInOrder) {
  std::string out = "before ", expected = out;
  Pieces pieces(out);
  for (std::size_t size = 0; size < 700; ++size) {
    const auto memory = std::make_unique<char[]>(size);
    for (std::size_t i = 0; i < size; ++i) memory[i] = static_cast<char>('a' + (size + i) % 26);
    pieces.add(std::string_view(memory.get(), size));
    expected.append(memory.get(), size);
    EXPECT_EQ(pieces.size(), expected.size());
  }
  pieces.flush();
  EXPECT_EQ(out, expected);
}

TEST(Pieces, MayBeNumbersAndLiterals) {
  std::string out;
  Pieces pieces(out);
  pieces.add("a ");
  pieces.add(std::uint64_t{0});
  pieces.add(" ");
  pieces.add(~std::uint64_t{0});
  pieces.target() += '!';
  pieces.add("?");
  pieces.flush();
  EXPECT_EQ(out, "a 0 18446744073709551615!?");
}

}  // namespace
}  // namespace alicorn
