#include "tests/support/golden_file.hpp"

#include <gtest/gtest.h>

#include <memory>

#include <stdio.h>
#include <stdlib.h>

extern "C" void print_abi_layout(FILE* out);

TEST(AbiLayout, IsTheOneThatWasPromised) {
  char* text = nullptr;
  std::size_t size = 0;
  FILE* out = ::open_memstream(&text, &size);
  ASSERT_NE(out, nullptr);
  print_abi_layout(out);
  ASSERT_EQ(::fclose(out), 0);
  const std::unique_ptr<char, decltype(&::free)> owned(text, &::free);
  alicorn::test::expect_golden(std::string(text, size), "tests/golden/abi/layout.txt");
}
