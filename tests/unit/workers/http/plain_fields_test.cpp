#include "workers/http/plain_fields.hpp"

#include "base/ascii.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {
namespace {

using HeaderMap = WorkerSettings::HeaderMap;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const HttpLimits kLimits;

struct Reading {
  std::optional<std::uint32_t> empty_line;
  std::uint64_t content_length = 0;
  std::vector<std::string> fields;  // "name=value"
};

/// Reads from memory that ends with the text, so that a sanitizer sees a read beyond it.
Reading read(std::string_view text, const HttpLimits& limits = kLimits,
             HeaderMap header_map = HeaderMap::kDrop) {
  const auto memory = std::make_unique<char[]>(text.size());
  text.copy(memory.get(), text.size());
  std::vector<FieldBlock::Field> fields;
  Reading reading;
  const auto plain = read_plain_fields(memory.get(), 0, text.size(), limits, header_map, fields);
  if (plain) reading.empty_line = plain->empty_line;
  if (plain) reading.content_length = plain->content_length;
  for (const FieldBlock::Field& field : fields) {
    reading.fields.emplace_back(field.name.in(memory.get()));
    reading.fields.back().append("=").append(field.value.in(memory.get()));
  }
  return reading;
}

bool is_plain(std::string_view text, const HttpLimits& limits = kLimits,
              HeaderMap header_map = HeaderMap::kDrop) {
  return read(text, limits, header_map).empty_line.has_value();
}

/// A block with that line among ordinary ones, which are longer than the steps of the reader.
std::string with(std::string_view line) {
  return "Host: example.org\r\n" + std::string(line) +
         "\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\r\n";
}

TEST(PlainFields, AreReadUpToTheEmptyLine) {
  const Reading reading = read(
      "Host: a:1\r\nX-Two:\t b \t c \t\r\nEmpty:\r\nBlank: \t\r\nSec-CH-UA-Mobile-And-More-2: ?0"
      "\r\n\r\nbody\r\n\r\n");
  EXPECT_THAT(reading.fields, ElementsAre("host=a:1", "x-two=b \t c",
                                          "empty=", "blank=", "sec-ch-ua-mobile-and-more-2=?0"));
  EXPECT_EQ(reading.empty_line, 79U);
}

TEST(PlainFields, MayBeNone) {
  const Reading reading = read("\r\n");
  EXPECT_EQ(reading.empty_line, 0U);
  EXPECT_THAT(reading.fields, IsEmpty());
}

TEST(PlainFields, AreNotReadBeforeTheyAreThereWhole) {
  const std::string whole = with("Content-Length: 5");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(is_plain(whole.substr(0, size))) << size;
  }
  EXPECT_TRUE(is_plain(whole));
}

/// A step that looks at many bytes and one that looks at a single byte must agree.
TEST(PlainFields, MayHaveEachByteOfATokenInTheirNames) {
  for (const std::size_t before : {0U, 3U, 15U, 16U, 21U}) {
    for (unsigned c = 0; c < 256; ++c) {
      const auto byte = static_cast<char>(c);
      const std::string name = std::string(before, 'A') + byte + "Name";
      const bool is_good = byte == ':' ? before > 0 : is_token(name);
      const Reading reading = read(with(name + ": v"), kLimits, HeaderMap::kDangerous);
      EXPECT_EQ(reading.empty_line.has_value(), is_good) << before << ' ' << c;
      if (!is_good || byte == ':') continue;
      std::string lowered = name;
      make_lower(lowered);
      ASSERT_EQ(reading.fields.size(), 3U);
      EXPECT_EQ(reading.fields[1], lowered + "=v");
    }
  }
}

TEST(PlainFields, MayHaveEachByteButControlsInTheirValues) {
  for (const std::size_t before : {0U, 3U, 15U, 16U, 21U}) {
    for (unsigned c = 0; c < 256; ++c) {
      const bool is_good = (c >= ' ' && c != 0x7f) || c == '\t';
      const std::string value = "v" + std::string(before, 'A') + static_cast<char>(c) + "end";
      const Reading reading = read(with("Name: " + value));
      EXPECT_EQ(reading.empty_line.has_value(), is_good) << before << ' ' << c;
      if (!is_good) continue;
      ASSERT_EQ(reading.fields.size(), 3U);
      EXPECT_EQ(reading.fields[1], "name=" + value);
    }
  }
}

TEST(PlainFields, LeaveToLlhttpWhatIsUnusual) {
  for (const std::string_view line :
       {"Name : v", " folded", "\tfolded", ": no name", "no colon", "Name: bare LF\nX: y",
        "Name: bare CR\rX: y", "Transfer-Encoding: chunked", "TRANSFER-ENCODING:",
        "Content-Length:", "Content-Length: 5, 5", "Content-Length: +5", "Content-Length: 5 ",
        "Content-Length: 5\t", "Content-Length:\t5", "Content-Length: 9223372036854775808",
        "Content-Length: 5\r\ncontent-length: 5", "\n", "\r"}) {
    EXPECT_FALSE(is_plain(with(line))) << line;
  }
  EXPECT_FALSE(is_plain("Host: a\r\n\n"));
  EXPECT_FALSE(is_plain("Host: a\r\n\rX"));
}

TEST(PlainFields, SayHowLongTheBodyIs) {
  EXPECT_EQ(read(with("X: 5")).content_length, 0U);
  EXPECT_EQ(read(with("Content-Length: 0")).content_length, 0U);
  EXPECT_EQ(read(with("content-length:  005")).content_length, 5U);
  EXPECT_EQ(read(with("Content-Length:9223372036854775807")).content_length,
            std::uint64_t{9223372036854775807});
}

TEST(PlainFields, KeepTheLimits) {
  HttpLimits limits;
  limits.field_size_max = 20;
  EXPECT_TRUE(is_plain("Name: 789012345678 \r\n\r\n", limits));
  EXPECT_FALSE(is_plain("Name: 78901234567890 \r\n\r\n", limits));
  limits.field_count_max = 2;
  EXPECT_TRUE(is_plain("A: 1\r\nB_: 2\r\n\r\n", limits));
  EXPECT_FALSE(is_plain("A: 1\r\nB_: 2\r\nC: 3\r\n\r\n", limits));
}

TEST(PlainFields, LeaveOutThoseForbiddenByTheirName) {
  const std::string block = with("X_Y: 1\r\nProxy: 2\r\nProxyX: 3");
  EXPECT_THAT(read(block).fields, ElementsAre("host=example.org", "proxyx=3",
                                              "accept-language=en-GB,en;q=0.9,de;q=0.8"));
  EXPECT_THAT(read(block, kLimits, HeaderMap::kDangerous).fields,
              ElementsAre("host=example.org", "x_y=1", "proxyx=3",
                          "accept-language=en-GB,en;q=0.9,de;q=0.8"));
  EXPECT_FALSE(is_plain(block, kLimits, HeaderMap::kRefuse));
}

}  // namespace
}  // namespace alicorn
