#include "admin/new_key.hpp"

#include "admin/failure.hpp"
#include "admin/new_file.hpp"
#include "jose/key.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

namespace jwt_auth::admin {
namespace {

using alicorn::test::read_file;
using alicorn::test::TemporaryFolder;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

class MakeKeyTest : public testing::TestWithParam<const char*> {};

TEST_P(MakeKeyTest, MakesAKeyThatSigns) {
  const TemporaryFolder folder;
  KeySource source;
  source.file = folder / "key";
  source.kid = "fresh";
  write_secret_file(source.file, make_key(GetParam(), "fresh"), {::geteuid(), ::getegid()});
  EXPECT_EQ(mode_of(source.file), 0600U);
  const Key key = Key::load(source, "key", KeyUse::kSigning, GetParam());
  EXPECT_EQ(key.algorithm().name, GetParam());
  EXPECT_EQ(key.kid(), "fresh");
  EXPECT_NE(make_key(GetParam(), "fresh"), read_file(source.file));
}

INSTANTIATE_TEST_SUITE_P(Algorithms, MakeKeyTest,
                         testing::Values("HS256", "HS384", "HS512", "RS256", "PS384", "ES256",
                                         "ES384", "ES512", "EdDSA"));

TEST(MakeKey, RefusesOtherAlgorithms) {
  EXPECT_THROW(make_key("none", "x"), Failure);
}

TEST(WriteSecretFile, RefusesToOverwrite) {
  const TemporaryFolder folder;
  std::ofstream(folder / "key") << "mine";
  EXPECT_THROW(write_secret_file(folder / "key", "other", {}), Failure);
  EXPECT_EQ(read_file(folder / "key"), "mine");
}

TEST(ReplaceFile, KeepsTheModeAndTheOldText) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.yaml";
  for (const char* text : {"first", "second"}) std::ofstream(path) << text;
  ::chmod(path.c_str(), 0640);
  replace_file(path, "third");
  EXPECT_EQ(read_file(path), "third");
  EXPECT_EQ(read_file(path + ".old"), "second");
  EXPECT_EQ(mode_of(path), 0640U);
  replace_file(path, "fourth");
  EXPECT_EQ(read_file(path + ".old"), "third");
  const auto entries = std::filesystem::directory_iterator(folder / "");
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 2);
}

TEST(ReplaceFile, ChangesNothingIfItFails) {
  EXPECT_THROW(replace_file("/nonexistent/x.yaml", "text"), Failure);
}

}  // namespace
}  // namespace jwt_auth::admin
