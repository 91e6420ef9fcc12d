#include "server/host/privileges.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace alicorn {
namespace {

TEST(Privileges, NothingAskedForIsNothingToDo) {
  const auto identity = resolve_identity("", "");
  ASSERT_TRUE(identity);
  EXPECT_FALSE(identity->has_value());
}

TEST(Privileges, OurOwnUserAndGroupAreNoChange) {
  const auto identity = resolve_identity(std::to_string(::geteuid()), std::to_string(::getegid()));
  ASSERT_TRUE(identity);
  EXPECT_FALSE(identity->has_value());
}

TEST(Privileges, UnknownNamesAreSaid) {
  EXPECT_EQ(resolve_identity("no-such-user", "").error().text(),
            "user 'no-such-user': there is no such user");
  EXPECT_EQ(resolve_identity("", "no-such-group").error().text(),
            "group 'no-such-group': there is no such group");
  EXPECT_FALSE(resolve_identity("4294967295", ""));  // means "unchanged" to the kernel
}

TEST(Privileges, OnlyRootMayChangeThem) {
  const auto identity = resolve_identity("54321", "12345");
  if (::geteuid() == 0) {
    ASSERT_TRUE(identity && identity->has_value());
    EXPECT_EQ((*identity)->uid, 54321U);
    EXPECT_EQ((*identity)->gid, 12345U);
  } else {
    EXPECT_EQ(identity.error().text(), "user '54321': only root may change it");
  }
}

TEST(Privileges, ANumberWithoutAnEntryNeedsAGroup) {
  EXPECT_EQ(resolve_identity("54321", "").error().text(),
            "user '54321': it has no entry that names its group, so set group too");
}

TEST(Privileges, AUserBringsItsGroup) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto identity = resolve_identity("nobody", "");
  ASSERT_TRUE(identity && identity->has_value());
  EXPECT_EQ((*identity)->user_name, "nobody");
  EXPECT_NE((*identity)->gid, 0U);
}

TEST(Privileges, AUserBringsAllItsGroups) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto identity = resolve_identity("nobody", "12345");
  ASSERT_TRUE(identity && identity->has_value());
  EXPECT_TRUE(is_in_group(**identity, 12345));
  EXPECT_FALSE(is_in_group(**identity, 0));
}

}  // namespace
}  // namespace alicorn
