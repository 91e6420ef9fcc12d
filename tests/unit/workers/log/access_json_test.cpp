#include "workers/log/access_json.hpp"

#include "tests/unit/workers/log/access_record_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

namespace alicorn {
namespace {

class AccessJsonTest : public test::AccessRecordTest {
 protected:
  std::string line(std::size_t size_max = 4095) {
    std::string out;
    append_access_json(out, record, time, 1234, size_max);
    return out;
  }
};

/// True if the braces and quotes of a flat or nested object are balanced. Enough for text that was
/// cut.
bool is_whole_object(const std::string& text) {
  int depth = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_in_string) {
      if (text[i] == '\\') ++i;
      if (text[i] == '"') is_in_string = false;
      continue;
    }
    if (text[i] == '"') is_in_string = true;
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i + 1 == text.size();
  }
  return false;
}

TEST_F(AccessJsonTest, ContainsAllThatIsKnown) {
  add_field("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(line(), R"({"time":")" + std::string(time.iso()) +
                        R"(","pid":1234,"status":200,"bytes_sent":13,"bytes_received":95,)"
                        R"("duration_us":2034056,"queue_us":17,"first_byte_us":1900,)"
                        R"("remote_address":"192.0.2.1","request_id":"id-7","scheme":"https",)"
                        R"("protocol":"HTTP/1.1","method":"GET","host":"example.org",)"
                        R"("target":"/path?q=1","user":"Aladdin","referer":"https://a/",)"
                        R"("user_agent":"curl/8","annotations":{"user_id":"4","tenant":"x"}})");
}

TEST_F(AccessJsonTest, WritesNullForMissingValues) {
  record = AccessRecord{};
  record.request_line = "GET\n\xff\"";
  EXPECT_EQ(line(), R"({"time":")" + std::string(time.iso()) +
                        R"(","pid":1234,"status":0,"bytes_sent":0,"bytes_received":0,)"
                        R"("duration_us":0,"queue_us":0,"first_byte_us":0,)"
                        R"("remote_address":null,"request_id":null,"scheme":null,)"
                        R"("protocol":null,"method":null,"host":null,"target":null,)"
                        R"("user":null,"referer":null,"user_agent":null,)"
                        R"("request_line":"GET\n\\xff\""})");
}

TEST_F(AccessJsonTest, IsACompleteObjectWhateverItContains) {
  for (const char byte : {'x', '\n', '"', '\\', '\xff', '\0', '}'}) {
    const std::string endless(20'000, byte);
    request.method = request.target = request.authority = endless;
    record.remote_address = record.request_id = record.scheme = endless;
    request.fields.clear();
    for (const char* const name : {"referer", "user-agent"}) add_field(name, endless);
    annotations.assign(100, {endless, endless});
    for (const std::size_t size_max : {2048U, 4095U, 16383U}) {
      const std::string text = line(size_max);
      EXPECT_LE(text.size(), size_max);
      EXPECT_TRUE(is_whole_object(text)) << text;
      EXPECT_NE(text.find("\"user_agent\":"), std::string::npos);
    }
    record.request = nullptr;
    record.request_line = endless;
    EXPECT_LE(line(2048).size(), 2048U);
    EXPECT_TRUE(is_whole_object(line(2048)));
    record.request = &request;
  }
}

TEST_F(AccessJsonTest, AnnotationsCannotEscapeTheirObject) {
  annotations = {{"a\":1},\"status", "\"}"}};
  EXPECT_TRUE(line().ends_with(R"(,"annotations":{"a\":1},\"status":"\"}"}})")) << line();
}

}  // namespace
}  // namespace alicorn
