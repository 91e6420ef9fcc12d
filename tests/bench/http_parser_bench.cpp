// What it costs to parse the head that a browser sends through a proxy: 847 bytes, 10 fields.
// Usage: http_parser_bench [N] Instructions per head, free of the machine's noise:
//   valgrind --tool=callgrind --toggle-collect='*parse_in_loop*' http_parser_bench 1000
#include "workers/http/parser.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string browser_head() {
  std::string credentials;
  for (int i = 0; i < 8; ++i) credentials += "eyJzdWIiOiJhbGljb3JuLWJlbmNo";
  return "GET / HTTP/1.1\r\nHost: 127.0.0.1:18000\r\n"
         "X-Forwarded-For: 203.0.113.195\r\nX-Forwarded-Proto: https\r\nX-Real-IP: "
         "203.0.113.195\r\n"
         "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/130.0.0.0 Safari/537.36\r\n"
         "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
         "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9,nb;q=0.8\r\n"
         "Cookie: sessionid=0123456789abcdef0123456789abcdef; "
         "csrftoken=abcdefghijklmnopqrstuvwxyz0123456789\r\n"
         "Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
         credentials + ".fWn0Zt3xVb7LkPaWnRq0Zt3xVb7LkPaWnRq0Zt3xVb7LkPaWnR0123456789abcd\r\n\r\n";
}

/// Apart from main(), so that callgrind can be told to count this alone.
__attribute__((noinline)) bool parse_in_loop(alicorn::HttpParser& parser, std::string& head,
                                             long rounds) {
  for (long i = 0; i < rounds; ++i) {
    parser.reset();
    if (parser.parse_head(head.data(), head.size()) != alicorn::HttpParser::Progress::kComplete)
      return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? std::atol(argv[1]) : 1'000'000;
  const alicorn::HttpLimits limits;
  alicorn::HttpParser parser(limits, alicorn::WorkerSettings::HeaderMap::kDrop);
  std::string head = browser_head();
  const auto begin = std::chrono::steady_clock::now();
  if (rounds <= 0 || !parse_in_loop(parser, head, rounds)) return 1;
  const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
  std::printf("%zu bytes, %zu fields: %.0f ns a head\n", head.size(),
              parser.request().fields.size(), taken.count() / static_cast<double>(rounds));
  return 0;
}
