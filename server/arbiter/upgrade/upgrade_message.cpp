#include "server/arbiter/upgrade/upgrade_message.hpp"

#include <charconv>

namespace alicorn {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kBegin = "\0alicorn: serves without ["sv;
constexpr std::string_view kEnd = "]\n";

}  // namespace

std::string describe_serving(const std::vector<int>& superseded) {
  std::string text(kBegin);
  for (const int fd : superseded) text += std::to_string(fd) + ',';
  return text.append(kEnd);
}

std::optional<std::vector<int>> find_serving(std::string_view heard) {
  const std::size_t begin = heard.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  heard.remove_prefix(begin + kBegin.size());
  const std::size_t end = heard.find(kEnd);
  if (end == std::string_view::npos) return std::nullopt;
  std::vector<int> superseded;
  const char* const last = heard.data() + end;
  for (const char* at = heard.data(); at < last;) {
    int fd = -1;
    const auto [parsed_to, error] = std::from_chars(at, last, fd);
    if (error != std::errc{}) return std::nullopt;
    superseded.push_back(fd);
    at = parsed_to + 1;  // the comma
  }
  return superseded;
}

}  // namespace alicorn
