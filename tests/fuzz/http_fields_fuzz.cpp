// What the plain lane accepts, llhttp must accept as the same fields with the same framing. In a
// block of lines that a proxy in front reads otherwise than we do, a second request can hide.
//
// Input: a byte of options, then a head from its first field on.
#include "workers/http/field_block.hpp"
#include "workers/http/plain_fields.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using alicorn::FieldBlock;
using alicorn::HttpLimits;
using alicorn::WorkerSettings;
using Fields = std::vector<FieldBlock::Field>;

constexpr std::uint8_t kTightLimits = 1;
constexpr std::uint8_t kPassUnderscores = 2;
constexpr std::uint8_t kRefuseUnderscores = 4;
constexpr std::uint8_t kVersion10 = 8;

[[noreturn]] void fail(const char* what, const std::string& block) {
  std::fprintf(stderr, "the plain lane accepts the block, and %s:\n%s\n", what, block.c_str());
  std::abort();
}

bool are_same(const Fields& left, const Fields& right) {
  const auto is_same_span = [](alicorn::Span a, alicorn::Span b) {
    return a.begin == b.begin && a.size == b.size;
  };
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!is_same_span(left[i].name, right[i].name)) return false;
    if (!is_same_span(left[i].value, right[i].value)) return false;
  }
  return true;
}

/// The first byte alone is no block, so llhttp gets it, and everything after it.
FieldBlock::Fed feed_llhttp(FieldBlock& llhttp, std::string& block) {
  const FieldBlock::Fed fed = llhttp.feed(block.data(), 1);
  return fed == FieldBlock::Fed::kAll ? llhttp.feed(block.data(), block.size()) : fed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint8_t options = data[0];
  const std::string sent(reinterpret_cast<const char*>(data) + 1, size - 1);
  HttpLimits limits;
  if ((options & kTightLimits) != 0) {
    limits.field_size_max = 30;
    limits.field_count_max = 4;
  }
  auto header_map = WorkerSettings::HeaderMap::kDrop;
  if ((options & kPassUnderscores) != 0) header_map = WorkerSettings::HeaderMap::kDangerous;
  if ((options & kRefuseUnderscores) != 0) header_map = WorkerSettings::HeaderMap::kRefuse;

  std::string block = sent;
  Fields fields;
  const std::optional<alicorn::PlainFields> plain =
      alicorn::read_plain_fields(block.data(), 0, block.size(), limits, header_map, fields);
  if (!plain) return 0;

  std::string other = sent;
  FieldBlock llhttp(limits, header_map);
  llhttp.begin_head((options & kVersion10) != 0 ? 0 : 1, 0);
  if (feed_llhttp(llhttp, other) != FieldBlock::Fed::kBlockEnded) fail("llhttp does not", sent);
  if (llhttp.line_begin() != plain->empty_line) fail("llhttp sees another end", sent);
  if (!are_same(fields, llhttp.fields())) fail("llhttp sees other fields", sent);
  if (block != other) fail("llhttp leaves other bytes", sent);
  const auto length = static_cast<std::int64_t>(plain->content_length);
  if (length < 0 || !llhttp.frames_body_as(length)) fail("llhttp sees another body", sent);
  return 0;
}
