// A request with everything that the access log can show. In tests.
#pragma once

#include "workers/log/access_log.hpp"
#include "workers/log/log_time.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace alicorn::test {

class AccessRecordTest : public ::testing::Test {
 protected:
  AccessRecordTest() {
    request.method = "GET";
    request.target = "/path?q=1";
    request.path = "/path";
    request.query = "q=1";
    request.authority = "example.org";
    add_field("referer", "https://a/");
    add_field("user-agent", "curl/8");
    record = {.remote_address = "192.0.2.1",
              .request = &request,
              .response_head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Two:  b c \r\n",
              .annotations = &annotations,
              .request_id = "id-7",
              .scheme = "https",
              .status = 200,
              .body_bytes_sent = 13,
              .bytes_received = 95,
              .duration_us = 2'034'056,
              .queue_us = 17,
              .first_byte_us = 1900};
    time.refresh(1'795'352'361'045'678);
  }
  /// Both must outlive the record.
  void add_field(std::string_view name, std::string_view value) {
    request.fields.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }

  HttpRequest request;
  std::vector<std::pair<std::string, std::string>> annotations{{"user_id", "4"}, {"tenant", "x"}};
  AccessRecord record;
  LogTime time;
};

}  // namespace alicorn::test
