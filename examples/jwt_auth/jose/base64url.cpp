#include "jose/base64url.hpp"

#include <array>

namespace jwt_auth {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

constexpr std::size_t decoded_size(std::size_t characters) {
  return characters * 3 / 4;
}

}  // namespace

std::string base64url_encode(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  return text;
}

std::optional<std::size_t> base64url_decode(std::string_view text, std::span<std::uint8_t> out) {
  if (text.size() % 4 == 1 || decoded_size(text.size()) > out.size()) return std::nullopt;
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t used = 0;
  for (const char character : text) {
    const std::uint8_t value = kValues[static_cast<std::uint8_t>(character)];
    if (value == kNone) return std::nullopt;
    bits = bits << 6 | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out[used++] = static_cast<std::uint8_t>(bits >> count);
    }
  }
  if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
  return used;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  std::string bytes(decoded_size(text.size()), '\0');
  const std::span<std::uint8_t> out(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
  if (!base64url_decode(text, out)) return std::nullopt;
  return bytes;
}

}  // namespace jwt_auth
