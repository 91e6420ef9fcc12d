// What it costs to write the head of a response.
#include "workers/http/own_fields.hpp"
#include "workers/http/response.hpp"

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace alicorn {
namespace {

alicorn_field field(std::string_view name, std::string_view value) {
  return {{name.data(), name.size()}, {value.data(), value.size()}};
}

void write_heads(benchmark::State& state, const std::vector<alicorn_field>& fields) {
  OwnFields own("alicorn");
  own.refresh(1'795'352'361);
  std::string out;
  for (auto _ : state) {
    out.clear();
    ResponseHead head;
    const char* why = nullptr;
    if (append_head(out, 200, fields.data(), static_cast<std::uint32_t>(fields.size()), head,
                    why) != ALICORN_OK)
      return state.SkipWithError(why);
    append_head_end(out, {.content_length = 13, .own_fields = own.lines(true, true)});
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}

void response_one_field(benchmark::State& state) {
  write_heads(state, {field("Content-Type", "text/plain")});
}
BENCHMARK(response_one_field);

void response_ten_fields(benchmark::State& state) {
  write_heads(state,
              {field("Content-Type", "application/json"), field("Vary", "Accept, Cookie"),
               field("Allow", "GET, POST, HEAD, OPTIONS"), field("X-Frame-Options", "DENY"),
               field("X-Content-Type-Options", "nosniff"), field("Referrer-Policy", "same-origin"),
               field("Cross-Origin-Opener-Policy", "same-origin"),
               field("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate"),
               field("ETag", "\"0123456789abcdef0123456789abcdef\""),
               field("Set-Cookie", "sessionid=0123456789abcdef; HttpOnly; Path=/")});
}
BENCHMARK(response_ten_fields);

}  // namespace
}  // namespace alicorn
