#include "app_api/demangle.hpp"

#include <gtest/gtest.h>

#include <string>

namespace alicorn {
namespace {

std::string demangled(const std::string& name, std::size_t size = 200) {
  std::string text(size, '?');
  demangle(name.c_str(), text.data(), size);
  return text.c_str();
}

TEST(Demangle, CppWithoutArguments) {
  EXPECT_EQ(demangled("_ZN4shop4Cart3addERKSs"), "shop::Cart::add");
}

TEST(Demangle, BothManglingsOfRust) {
  EXPECT_EQ(demangled("_ZN4shop4cart3add17h0123456789abcdefE"), "shop::cart::add");
  EXPECT_EQ(demangled("_RNvNtCs1234_4shop4cart3add"), "shop::cart::add");
}

TEST(Demangle, LeavesOtherNamesAlone) {
  EXPECT_EQ(demangled("on_request"), "on_request");
  EXPECT_EQ(demangled("_ZN4shop"), "_ZN4shop");
  EXPECT_EQ(demangled(""), "");
}

TEST(Demangle, CutsWhatDoesNotFit) {
  EXPECT_EQ(demangled("_ZN4shop4Cart3addERKSs", 8), "shop::C");
  EXPECT_EQ(demangled("on_request", 4), "on_");
}

TEST(Demangle, NamesThatWouldCostAreNotRead) {
  EXPECT_EQ(demangled("_RNvC4shopu8gdel_5qa", 200), "_RNvC4shopu8gdel_5qa")
      << "punycode wants malloc";
  std::string deep = "_Z1f";
  for (int i = 0; i < 5000; ++i) deep += 'P';
  EXPECT_EQ(demangled(deep + "i", 5), "_Z1f");
}

}  // namespace
}  // namespace alicorn
