#include "base/statsd.hpp"

#include <charconv>

namespace alicorn {

StatsdLines::StatsdLines(const StatsdSettings& settings) {
  if (!settings.prefix.empty()) head_.append(settings.prefix).append(".");
  head_.append("alicorn.");
  if (!settings.tags.empty()) tail_.append("|#").append(settings.tags);
  tail_.append("\n");
}

void StatsdLines::append(std::string& out, std::string_view name, std::string_view value,
                         std::string_view unit) const {
  out.append(head_).append(name).append(":").append(value).append("|").append(unit).append(tail_);
}

void StatsdLines::append(std::string& out, std::string_view name, std::uint64_t value,
                         std::string_view unit) const {
  char digits[20];
  const char* const end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  append(out, name, std::string_view(digits, static_cast<std::size_t>(end - digits)), unit);
}

StatsdOutcome send_lines(DatagramSocket& socket, std::string_view lines) {
  StatsdOutcome outcome;
  while (outcome.done < lines.size()) {
    const std::string_view rest = lines.substr(outcome.done);
    std::size_t size = rest.size();
    if (size > kStatsdDatagramMax) {
      const std::size_t line_end = rest.rfind('\n', kStatsdDatagramMax - 1);
      // A line that is longer than a frame gets its own datagram.
      size = line_end == std::string_view::npos ? rest.find('\n') + 1 : line_end + 1;
    }
    outcome.error = socket.send({rest.substr(0, size)});
    if (outcome.error != 0) return outcome;
    outcome.done += size;
  }
  return outcome;
}

}  // namespace alicorn
