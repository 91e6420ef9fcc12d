#include "tests/bench/load_options.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <string_view>

#include <unistd.h>

namespace {

[[noreturn]] void refuse(const std::string& why) {
  std::fprintf(stderr, "load: %s\n", why.c_str());
  std::exit(2);
}

template <typename Number>
Number number(char option, std::string_view text, Number least, Number most) {
  Number value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || value < least ||
      value > most)
    refuse(std::string("-") + option +
           ": not a number that makes sense here: " + std::string(text));
  return value;
}

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file || text.empty()) refuse(std::string("cannot read a request from ") + path);
  return text;
}

void set(LoadOptions& options, char option, const char* text) {
  constexpr std::size_t kConnectionsMax = 60'000;
  switch (option) {
    case 'p':
      options.port = number<std::uint16_t>(option, text, 1, 65535);
      break;
    case 'u':
      options.socket_path = text;
      break;
    case 'f':
      options.request = read_file(text);
      break;
    case 'c':
      options.connections = number<std::size_t>(option, text, 0, kConnectionsMax);
      break;
    case 'i':
      options.idle_connections = number<std::size_t>(option, text, 0, kConnectionsMax);
      break;
    case 'd':
      options.measured_s = number(option, text, 0.01, 600.0);
      break;
    case 'w':
      options.warm_s = number(option, text, 0.0, 60.0);
      break;
    case 'n':
      options.requests_max =
          number<std::uint64_t>(option, text, 1, std::numeric_limits<std::uint64_t>::max());
      break;
    case 'r':
      options.rate = number(option, text, 1.0, 10'000'000.0);
      break;
    case 't':
      options.counted_pids.emplace_back(text);
      break;
    case 'x':
      options.connects_for_each = true;
      break;
    case 'H':
      options.holds = true;
      break;
    default:
      std::exit(2);  // getopt has said why
  }
}

}  // namespace

LoadOptions parse_load_options(int argc, char** argv) {
  LoadOptions options;
  for (int option; (option = ::getopt(argc, argv, "p:u:f:c:d:w:n:r:i:t:xH")) != -1;)
    set(options, static_cast<char>(option), optarg);
  if (optind != argc) refuse(std::string("unexpected argument ") + argv[optind]);
  if ((options.port == 0) == options.socket_path.empty()) refuse("give either -p or -u");
  if (options.request.empty()) refuse("give a request with -f");
  if (options.connections == 0 && !options.holds) refuse("-c 0 makes sense only with -H");
  if (options.rate > 0 && options.requests_max > 0) refuse("-r and -n do not go together");
  return options;
}
