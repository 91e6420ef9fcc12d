// What it costs to format one line of the access log. Writing the line is another thread's work.
#include "workers/contract/settings.hpp"
#include "workers/log/access_format.hpp"
#include "workers/log/access_json.hpp"
#include "workers/log/log_time.hpp"

#include <string>

#include <benchmark/benchmark.h>

namespace alicorn {
namespace {

constexpr std::size_t kLineMax = 8192;
constexpr pid_t kPid = 12345;

/// A request whose facts fill each part of the line.
struct Logged {
  Logged() {
    request.method = "GET";
    request.target = "/api/orders/17?page=2";
    request.path = "/api/orders/17";
    request.query = "page=2";
    request.authority = "bench.example";
    add("referer", "https://bench.example/api/orders/");
    add("user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0");
    record = {.remote_address = "203.0.113.195",
              .request = &request,
              .request_id = "0123456789abcdef0123456789abcdef",
              .scheme = "https",
              .status = 200,
              .body_bytes_sent = 5120,
              .bytes_received = 847,
              .duration_us = 1234,
              .queue_us = 5,
              .first_byte_us = 1100};
    time.refresh(1'795'352'361'045'678);
  }
  void add(std::string_view name, std::string_view value) {
    request.fields.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }

  HttpRequest request;
  AccessRecord record;
  LogTime time;
};

void access_log_text_line(benchmark::State& state) {
  const Logged logged;
  const auto format = AccessFormat::parse(AccessLogSettings{}.format);
  std::string out;
  for (auto _ : state) {
    out.clear();
    format->append_line(out, logged.record, logged.time, kPid, kLineMax);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}
BENCHMARK(access_log_text_line);

void access_log_json_line(benchmark::State& state) {
  const Logged logged;
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_access_json(out, logged.record, logged.time, kPid, kLineMax);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}
BENCHMARK(access_log_json_line);

}  // namespace
}  // namespace alicorn
