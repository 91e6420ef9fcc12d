// tests/golden/requests: NNN-name.http holds the bytes, NNN-name.expect what becomes of them. Where
// llhttp 8 is stricter than RFC 9112, NNN-name.llhttp8.expect says so.
#include "tests/support/http_transcript.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

namespace fs = std::filesystem;

struct Golden {
  std::string name;
  std::string bytes;
  std::string expected;
};

/// Lines that begin with '#' say why the file is there.
std::string without_comments(const std::string& text) {
  std::istringstream lines(text);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('#')) kept.append(line).append("\n");
  }
  return kept;
}

std::vector<Golden> goldens(const char* kind) {
  std::vector<Golden> found;
  for (const auto& entry :
       fs::directory_iterator(fs::path(ALICORN_SOURCE_DIR) / "tests/golden/requests" / kind)) {
    if (entry.path().extension() != ".http") continue;
    fs::path expect = entry.path();
    expect.replace_extension(".llhttp8.expect");
    if (!HttpParser::llhttp_version().starts_with("8.") || !fs::exists(expect)) {
      expect = fs::path(entry.path()).replace_extension(".expect");
    }
    found.push_back({entry.path().filename().string(), read_file(entry.path()),
                     without_comments(read_file(expect))});
  }
  std::sort(found.begin(), found.end(),
            [](const Golden& a, const Golden& b) { return a.name < b.name; });
  EXPECT_FALSE(found.empty()) << kind;
  return found;
}

TEST(HttpParserGolden, ValidRequestsAreRead) {
  for (const Golden& golden : goldens("valid")) {
    EXPECT_EQ(transcript(golden.bytes), golden.expected) << golden.name;
  }
}

TEST(HttpParserGolden, InvalidRequestsAreRefused) {
  for (const Golden& golden : goldens("invalid")) {
    EXPECT_EQ(transcript(golden.bytes), golden.expected) << golden.name;
    // Nothing of a bad message is left to be read as a next request.
    EXPECT_NE(golden.expected.find("refused"), std::string::npos) << golden.name;
  }
}

TEST(HttpParserGolden, ByteByByteIsTheSame) {
  for (const char* kind : {"valid", "invalid"}) {
    for (const Golden& golden : goldens(kind)) {
      EXPECT_EQ(transcript(golden.bytes, {}, [](std::size_t) { return std::size_t{1}; }),
                golden.expected)
          << golden.name;
    }
  }
}

TEST(HttpParserGolden, CutInTwoAnywhereIsTheSame) {
  for (const char* kind : {"valid", "invalid"}) {
    for (const Golden& golden : goldens(kind)) {
      for (std::size_t cut = 1; cut < std::min<std::size_t>(golden.bytes.size(), 300); ++cut) {
        const auto next_piece = [&](std::size_t arrived) {
          return arrived == 0 ? cut : golden.bytes.size();
        };
        ASSERT_EQ(transcript(golden.bytes, {}, next_piece), golden.expected)
            << golden.name << " cut at " << cut;
      }
    }
  }
}

TEST(HttpParserGolden, RandomPiecesAreTheSame) {
  std::minstd_rand random(20261122);
  for (const char* kind : {"valid", "invalid"}) {
    for (const Golden& golden : goldens(kind)) {
      for (int round = 0; round < 8; ++round) {
        std::uniform_int_distribution<std::size_t> piece(1, std::size_t{1} << round);
        const auto next_piece = [&](std::size_t) { return piece(random); };
        ASSERT_EQ(transcript(golden.bytes, {}, next_piece), golden.expected) << golden.name;
      }
    }
  }
}

}  // namespace
}  // namespace alicorn::test
