#include "workers/http/plain_fields.hpp"

#include "alicorn/detail/rules.hpp"
#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace alicorn {
namespace {

/// The lower-case form of each byte of a token; 0 for the bytes that end one.
constexpr std::array<char, 256> kLowerToken = [] {
  std::array<char, 256> lower{};
  for (unsigned c = 0; c < lower.size(); ++c) {
    const auto byte = static_cast<char>(c);
    if (is_token_char(byte)) lower[c] = to_lower(byte);
  }
  return lower;
}();

#ifdef __SSE2__

constexpr std::ptrdiff_t kStep = sizeof(__m128i);

__m128i load(const void* at) {
  return _mm_loadu_si128(static_cast<const __m128i*>(at));
}

__m128i all(char c) {
  return _mm_set1_epi8(c);
}

/// One bit for each byte of a comparison.
unsigned bits_of(__m128i comparison) {
  return static_cast<unsigned>(_mm_movemask_epi8(comparison));
}

/// The sixteen bytes from `kStep - n` on begin with n bytes of 0xff.
constexpr std::array<unsigned char, 2 * kStep> kFirstBytes = [] {
  std::array<unsigned char, 2 * kStep> bytes{};
  for (std::ptrdiff_t i = 0; i < kStep; ++i) bytes[static_cast<std::size_t>(i)] = 0xff;
  return bytes;
}();

/// Lowers letters and passes hyphens, of which most names consist. Returns the first other byte, or
/// where fewer than 16 bytes are left.
char* lower_letters(char* at, const char* end) {
  while (end - at >= kStep) {
    const __m128i bytes = load(at);
    const __m128i lower = _mm_or_si128(bytes, all(0x20));
    // The comparison is of signed bytes: those above 0x7f are below 'a'.
    const __m128i letters =
        _mm_and_si128(_mm_cmpgt_epi8(lower, all('a' - 1)), _mm_cmplt_epi8(lower, all('z' + 1)));
    const unsigned passed = bits_of(_mm_or_si128(letters, _mm_cmpeq_epi8(bytes, all('-'))));
    const int run = std::countr_one(passed);
    const __m128i lowered = _mm_and_si128(letters, load(kFirstBytes.data() + kStep - run));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at),
                     _mm_or_si128(bytes, _mm_and_si128(lowered, all(0x20))));
    at += run;
    if (run < kStep) break;
  }
  return at;
}

/// The first control byte, or where fewer than 16 bytes are left.
const char* pass_text(const char* at, const char* end) {
  for (; end - at >= kStep; at += kStep) {
    const __m128i bytes = load(at);
    const __m128i below_space = _mm_cmpeq_epi8(_mm_min_epu8(bytes, all(0x1f)), bytes);
    const unsigned controls = bits_of(_mm_or_si128(below_space, _mm_cmpeq_epi8(bytes, all(0x7f))));
    if (controls != 0) return at + std::countr_zero(controls);
  }
  return at;
}

#else

char* lower_letters(char* at, const char*) {
  return at;
}
const char* pass_text(const char* at, const char*) {
  return at;
}

#endif

/// Lowers the token in place and returns its end.
char* lower_name(char* at, const char* end, bool& has_underscore) {
  for (at = lower_letters(at, end); at != end; ++at) {
    const char lower = kLowerToken[static_cast<unsigned char>(*at)];
    if (lower == 0) break;
    has_underscore |= lower == '_';
    *at = lower;
  }
  return at;
}

/// Returns the first byte that no value may have.
const char* pass_value(const char* at, const char* end) {
  for (at = pass_text(at, end); at != end && rules::is_value_byte(*at); at = pass_text(at, end)) {
    ++at;
  }
  return at;
}

}  // namespace

std::optional<PlainFields> read_plain_fields(char* block, std::size_t begin, std::size_t end,
                                             const HttpLimits& limits,
                                             WorkerSettings::HeaderMap header_map,
                                             std::vector<FieldBlock::Field>& fields) {
  const auto offset_of = [block](const char* at) { return static_cast<std::uint32_t>(at - block); };
  const char* const stop = block + end;
  char* line = block + begin;
  std::optional<std::int64_t> length;
  for (std::uint32_t count = 0;; ++count) {
    if (stop - line < 2) return std::nullopt;
    if (line[0] == '\r' && line[1] == '\n') {
      return PlainFields{offset_of(line), static_cast<std::uint64_t>(length.value_or(0))};
    }
    if (count == limits.field_count_max) return std::nullopt;

    bool has_underscore = false;
    const char* const name_end = lower_name(line, stop, has_underscore);
    if (name_end == stop || *name_end != ':' || name_end == line) return std::nullopt;
    const char* value = name_end + 1;
    while (value != stop && is_ows(*value)) ++value;
    const char* const line_end = pass_value(value, stop);
    if (stop - line_end < 2 || line_end[0] != '\r' || line_end[1] != '\n') return std::nullopt;
    if (static_cast<std::size_t>(line_end - line) > limits.field_size_max) return std::nullopt;
    const char* value_end = line_end;
    while (value_end != value && is_ows(value_end[-1])) --value_end;

    const std::string_view name(line, static_cast<std::size_t>(name_end - line));
    if (name == "transfer-encoding") return std::nullopt;
    if (name == "content-length") {
      // llhttp takes no tab around the number.
      const bool is_odd = value_end != line_end || std::find(name_end, value, '\t') != value;
      if (length || is_odd) return std::nullopt;
      length = rules::parse_content_length({value, value_end});
      if (!length) return std::nullopt;
    }
    if (has_underscore && header_map == WorkerSettings::HeaderMap::kRefuse) return std::nullopt;
    const bool is_dropped = has_underscore && header_map == WorkerSettings::HeaderMap::kDrop;
    if (!is_dropped && !rules::is_httpoxy(name)) {
      fields.push_back({{offset_of(line), static_cast<std::uint32_t>(name.size())},
                        {offset_of(value), static_cast<std::uint32_t>(value_end - value)}});
    }
    line = block + (line_end - block) + 2;
  }
}

}  // namespace alicorn
