// What it costs to read a request: a head that the plain reader takes, one that goes to llhttp, and
// the body.
#include "tests/bench/proxy_head.hpp"
#include "workers/http/parser.hpp"

#include <cstring>
#include <string>

#include <benchmark/benchmark.h>

namespace alicorn {
namespace {

/// The plain reader leaves a head with this field to llhttp.
constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";

/// Apart from the loop, so that callgrind can be told to count this alone.
__attribute__((noinline)) bool parse_one_head(HttpParser& parser, std::string& bytes) {
  parser.reset();
  return parser.parse_head(bytes.data(), bytes.size()) == HttpParser::Progress::kComplete;
}

void parse_heads(benchmark::State& state, const std::string& head) {
  const HttpLimits limits;
  HttpParser parser(limits, WorkerSettings::HeaderMap::kDrop);
  std::string bytes = head;
  for (auto _ : state) {
    std::memcpy(bytes.data(), head.data(), head.size());  // reading changes the names in place
    if (!parse_one_head(parser, bytes)) return state.SkipWithError("the head was not read");
    benchmark::DoNotOptimize(parser.request());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(head.size()));
}

void parser_short_head(benchmark::State& state) {
  parse_heads(state, "GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n");
}
BENCHMARK(parser_short_head);

void parser_plain_head(benchmark::State& state) {
  parse_heads(state, proxy_head("GET"));
}
BENCHMARK(parser_plain_head);

void parser_llhttp_head(benchmark::State& state) {
  parse_heads(state, proxy_head("POST", kChunked));
}
BENCHMARK(parser_llhttp_head);

void parse_bodies(benchmark::State& state, const std::string& head, const std::string& body,
                  std::size_t decoded_size) {
  const HttpLimits limits;
  HttpParser parser(limits, WorkerSettings::HeaderMap::kDrop);
  std::string bytes = head, out;
  for (auto _ : state) {
    std::memcpy(bytes.data(), head.data(), head.size());
    parser.reset();
    out.clear();
    if (parser.parse_head(bytes.data(), bytes.size()) != HttpParser::Progress::kComplete ||
        parser.parse_body(body.data(), body.size(), out) != HttpParser::Progress::kComplete ||
        out.size() != decoded_size)
      return state.SkipWithError("the body was not read");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

constexpr std::size_t kBodySize = 16 * 1024;

void parser_body_with_length(benchmark::State& state) {
  parse_bodies(state, "POST / HTTP/1.1\r\nHost: bench.example\r\nContent-Length: 16384\r\n\r\n",
               std::string(kBodySize, 'x'), kBodySize);
}
BENCHMARK(parser_body_with_length);

void parser_body_in_chunks(benchmark::State& state) {
  std::string body;
  for (std::size_t i = 0; i < kBodySize / 1024; ++i)
    body += "400\r\n" + std::string(1024, 'x') + "\r\n";
  parse_bodies(state,
               "POST / HTTP/1.1\r\nHost: bench.example\r\nTransfer-Encoding: chunked\r\n\r\n",
               body + "0\r\n\r\n", kBodySize);
}
BENCHMARK(parser_body_in_chunks);

}  // namespace
}  // namespace alicorn
