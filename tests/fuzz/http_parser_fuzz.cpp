// The parser must give the same result however a stream of requests is split.
//
// Input: a byte of options, a byte n, n bytes with the sizes of the pieces (used cyclically), then
// the stream.
#include "tests/support/http_transcript.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using alicorn::WorkerSettings;
using alicorn::test::NextPiece;
using alicorn::test::ParserSetup;
using alicorn::test::transcript;

constexpr std::uint8_t kTightLimits = 1;
constexpr std::uint8_t kPassUnderscores = 2;
constexpr std::uint8_t kRefuseUnderscores = 4;

ParserSetup setup_of(std::uint8_t options) {
  ParserSetup setup;
  if ((options & kTightLimits) != 0) {
    setup.limits = {.request_line_max = 40,
                    .field_size_max = 30,
                    .field_count_max = 4,
                    .head_size_max = 120,
                    .trailer_size_max = 30,
                    .chunk_extensions_max = 12,
                    .body_size_max = 20};
  }
  if ((options & kPassUnderscores) != 0) setup.header_map = WorkerSettings::HeaderMap::kDangerous;
  if ((options & kRefuseUnderscores) != 0) setup.header_map = WorkerSettings::HeaderMap::kRefuse;
  return setup;
}

void expect_same(const std::string& whole, const std::string& in_pieces) {
  if (whole == in_pieces) return;
  std::fprintf(stderr, "at once:\n%s\nin pieces:\n%s\n", whole.c_str(), in_pieces.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const ParserSetup setup = setup_of(data[0]);
  const std::string_view sizes = input.substr(2, data[1]);
  const std::string_view stream = input.substr(2 + sizes.size());

  const std::string whole = transcript(stream, setup);
  std::size_t turn = 0;
  const NextPiece chosen = [&](std::size_t) -> std::size_t {
    return sizes.empty() ? 1 : static_cast<std::uint8_t>(sizes[turn++ % sizes.size()]);
  };
  expect_same(whole, transcript(stream, setup, chosen));
  expect_same(whole, transcript(stream, setup, [](std::size_t) { return std::size_t{1}; }));
  return 0;
}
