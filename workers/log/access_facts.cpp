#include "workers/log/access_facts.hpp"

#include "base/ascii.hpp"
#include "workers/http/abi_string.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace alicorn {
namespace {

/// A value from 0 to 63, or -1.
int base64_value(char digit) {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  if (digit == '+') return 62;
  return digit == '/' ? 63 : -1;
}

}  // namespace

std::string_view request_field(const AccessRecord& record, std::string_view lower_name) {
  if (record.request == nullptr) return {};
  for (const alicorn_field& field : record.request->fields) {
    if (as_view(field.name) == lower_name) return as_view(field.value);
  }
  return {};
}

std::string_view response_field(const AccessRecord& record, std::string_view name) {
  std::string_view head = record.response_head;
  while (!head.empty()) {
    const std::size_t line_size = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, line_size);
    const bool is_it = line.size() > name.size() && line[name.size()] == ':' &&
                       equals_ignoring_case(line.substr(0, name.size()), name);
    if (is_it) {
      const std::string_view value = line.substr(name.size() + 1);
      return value.substr(std::min(value.find_first_not_of(' '), value.size()));
    }
    head.remove_prefix(std::min(line_size + 2, head.size()));
  }
  return {};
}

std::string_view annotation(const AccessRecord& record, std::string_view name) {
  if (record.annotations == nullptr) return {};
  const auto found = std::find_if(record.annotations->rbegin(), record.annotations->rend(),
                                  [name](const auto& entry) { return entry.first == name; });
  return found == record.annotations->rend() ? std::string_view() : found->second;
}

std::string_view basic_auth_user(const AccessRecord& record, char (&buffer)[256]) {
  constexpr std::string_view kScheme = "basic ";
  std::string_view credentials = request_field(record, "authorization");
  if (!equals_ignoring_case(credentials.substr(0, kScheme.size()), kScheme)) return {};
  credentials.remove_prefix(kScheme.size());
  credentials.remove_prefix(std::min(credentials.find_first_not_of(' '), credentials.size()));
  unsigned bits = 0;
  int bit_count = 0;
  std::size_t size = 0;
  for (const char digit : credentials) {
    const int value = base64_value(digit);
    if (value < 0) break;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xffff;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    const char byte = static_cast<char>(bits >> bit_count & 0xff);
    // Stop here: no byte of the password is decoded.
    if (byte == ':') return {buffer, size};
    if (size < sizeof(buffer)) buffer[size++] = byte;
  }
  return {};
}

std::string_view protocol(const AccessRecord& record, char (&buffer)[16]) {
  if (record.request == nullptr) return {};
  std::memcpy(buffer, "HTTP/", 5);
  char* const end = buffer + sizeof(buffer);
  char* at = std::to_chars(buffer + 5, end, record.request->version_major).ptr;
  *at++ = '.';
  at = std::to_chars(at, end, record.request->version_minor).ptr;
  return {buffer, static_cast<std::size_t>(at - buffer)};
}

}  // namespace alicorn
