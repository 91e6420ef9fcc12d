// The memory of one request in the test host: an alicorn_request and the strings that it points to.
// Part of alicorn/testing.hpp; the test's process.
#pragma once

#include "alicorn/detail/rules.hpp"
#include "alicorn/testing/answer_checks.hpp"
#include "alicorn/testing/data.hpp"

#include <algorithm>

#include <time.h>

namespace alicorn {
inline namespace app_v1 {
namespace detail {

/// The strings that an alicorn_request points to. A heap object of its own, freed as soon as the
/// app has finished.
struct TestRequestMemory {
  explicit TestRequestMemory(const TestRequest& request);

  TestRequest data;
  std::string path, query;
  std::vector<alicorn_field> headers, trailers;
  alicorn_request view{};
};

inline alicorn_string test_string(const std::string& text) {
  return {text.data(), text.size()};
}

inline std::vector<alicorn_field> test_fields(const std::vector<TestField>& fields) {
  std::vector<alicorn_field> out;
  for (const auto& [name, value] : fields) out.push_back({test_string(name), test_string(value)});
  return out;
}

inline std::uint64_t monotonic_us() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1000;
}

inline TestRequestMemory::TestRequestMemory(const TestRequest& request) : data(request) {
  for (auto* fields : {&data.headers, &data.trailers}) {
    for (TestField& field : *fields) field.name = lower(field.name);
  }
  data.trailers.erase(std::remove_if(data.trailers.begin(), data.trailers.end(),
                                     [](const TestField& field) {
                                       return rules::is_dropped_trailer(field.name) ||
                                              rules::is_httpoxy(field.name);
                                     }),
                      data.trailers.end());
  const std::size_t mark = data.target.find('?');
  path = data.target.substr(0, mark);
  if (mark != std::string::npos) query = data.target.substr(mark + 1);
  headers = test_fields(data.headers);
  trailers = test_fields(data.trailers);

  view.struct_size = sizeof(view);
  view.method_id = rules::method_id_of(data.method);
  view.method = test_string(data.method);
  view.target = test_string(data.target);
  view.path = test_string(path);
  view.query = test_string(query);
  view.scheme = test_string(data.scheme);
  view.authority = test_string(data.authority);
  view.client_address = test_string(data.client_address);
  view.server_address = {"127.0.0.1", 9};
  view.client_port = data.client_port;
  view.server_port = 8000;
  view.http_major = 1;
  view.http_minor = data.http_minor;
  view.header_count = static_cast<std::uint32_t>(headers.size());
  view.headers = headers.data();
  view.trailers = trailers.data();
  view.body = {"", 0};
  view.request_id = test_string(data.request_id);
  view.received_us = monotonic_us();
  if (data.deadline_ms != 0) view.deadline_us = view.received_us + data.deadline_ms * 1000ULL;
  view.connection = data.connection;
  view.request_number = data.request_number;
  view.mount = test_string(data.mount);
  const bool is_chunked = !data.pieces.empty() || !request.trailers.empty();
  view.content_length = is_chunked ? -1 : static_cast<std::int64_t>(data.body.size());
}

}  // namespace detail
}  // namespace app_v1
}  // namespace alicorn
