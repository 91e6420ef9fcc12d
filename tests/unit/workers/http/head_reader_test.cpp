#include "workers/http/head_reader.hpp"

#include "workers/http/abi_string.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {
namespace {

const HttpLimits kLimits;

/// A reader, the request it fills and the memory that the head is in: at each call in another
/// place, and no larger than what has arrived.
class Head {
 public:
  explicit Head(const HttpLimits& limits = kLimits)
      : block_(limits, WorkerSettings::HeaderMap::kDrop), reader(limits, block_) {}

  /// `text`: all that has arrived of this request.
  ReadProgress read(std::string_view text) {
    auto moved = std::make_unique<char[]>(text.size());
    std::copy_n(memory_.get(), std::min(size_, text.size()), moved.get());
    if (text.size() > size_) text.substr(size_).copy(moved.get() + size_, text.size() - size_);
    memory_ = std::move(moved);
    size_ = text.size();
    return reader.read(memory_.get(), size_, request);
  }
  void reset() {
    reader.reset();
    size_ = 0;
  }
  std::string_view request_line() const { return reader.request_line(memory_.get()); }
  std::string described() const {
    std::string text(request.method);
    text.append(" ").append(request.path).append(" ? ").append(request.query);
    text.append(" @ ").append(request.authority).append(request.keep_alive ? " stay" : " close");
    text.append(" ").append(std::to_string(request.content_length));
    for (const alicorn_field& field : request.fields) {
      text.append(" | ").append(as_view(field.name)).append("=").append(as_view(field.value));
    }
    return text;
  }

 private:
  FieldBlock block_;
  std::unique_ptr<char[]> memory_;
  std::size_t size_ = 0;

 public:
  HeadReader reader;
  HttpRequest request;
};

struct Sample {
  std::string_view head;
  std::string_view described;
};
constexpr Sample kSamples[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / ?  @ a stay 0 | host=a"},
    {"\r\nPUT /p?q=1 HTTP/1.1\r\nA: b\r\nHost: c:80\r\nContent-Length: 12\r\n\r\n",
     "PUT /p ? q=1 @ c:80 stay 12 | a=b | host=c:80 | content-length=12"},
    {"POST http://d?e HTTP/1.1\r\nHost: f\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
     "\r\n",
     "POST / ? e @ d close -1 | host=d | transfer-encoding=chunked | connection=close"},
    {"OPTIONS * HTTP/1.0\r\n\r\n", "OPTIONS * ?  @  close 0"}};

TEST(HeadReader, ReadsTheSameHoweverTheBytesAreCut) {
  for (const auto& [head, described] : kSamples) {
    const std::string bytes = std::string(head) + "GET";
    for (std::size_t first = 0; first < head.size(); ++first) {
      for (const std::size_t second : {first, first + 1, head.size() - 1}) {
        Head made;
        ASSERT_EQ(made.read(bytes.substr(0, first)), ReadProgress::kNeedMore) << head << first;
        if (second < head.size()) {
          ASSERT_EQ(made.read(bytes.substr(0, second)), ReadProgress::kNeedMore) << head << second;
        }
        ASSERT_EQ(made.read(bytes), ReadProgress::kComplete) << head << first;
        EXPECT_EQ(made.described(), described);
        EXPECT_EQ(made.reader.size(), head.size());
      }
    }
  }
}

TEST(HeadReader, ReadsByteByByte) {
  for (const auto& [head, described] : kSamples) {
    Head made;
    for (std::size_t end = 0; end < head.size(); ++end) {
      ASSERT_EQ(made.read(head.substr(0, end)), ReadProgress::kNeedMore) << head << end;
      EXPECT_EQ(made.reader.started(), end > (head[0] == '\r' ? 2U : 0U)) << head << end;
      EXPECT_FALSE(made.reader.rejection());
    }
    ASSERT_EQ(made.read(head), ReadProgress::kComplete);
    EXPECT_EQ(made.described(), described);
  }
}

struct Refused {
  std::string_view head;
  int status;
  std::string_view reason;  ///< "": llhttp's own words
};
/// Up to the byte that decides, and no further.
constexpr Refused kRefused[] = {
    {" ", 400, "this is not HTTP"},
    {"\x16", 400, "this is not HTTP"},
    {"\r\n\r", 400, "this is not HTTP"},
    {"\rG", 400, "this is not HTTP"},
    {"GET / HTTP/1.1\n", 400, "the request line ends with a bare LF"},
    {"GET / HTTP/2.0\r\n", 505, "HTTP version is not 1.x"},
    {"CONNECT a:1 HTTP/1.1\r\n", 405, "CONNECT is for proxies"},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\nB", 400, "more than one Host"},
    {"GET / HTTP/1.1\r\nHost: a b\r\nB", 400, "Host is no host[:port]"},
    {"GET / HTTP/1.1\r\nHost: a\r\nB: c\r\n ", 400, ""},
    {"GET / HTTP/1.1\r\nB: c\r\n\r\n", 400, "HTTP/1.1 without Host"},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: b\r\n\r\n", 417, "unknown expectation"},
    {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "Transfer-Encoding on HTTP/1.0"}};

TEST(HeadReader, RefusesAtTheByteThatDecides) {
  for (const auto& [head, status, reason] : kRefused) {
    Head made;
    for (std::size_t end = 0; end < head.size(); ++end) {
      ASSERT_EQ(made.read(head.substr(0, end)), ReadProgress::kNeedMore) << head << end;
    }
    EXPECT_EQ(made.read(head), ReadProgress::kRejected) << head;
    EXPECT_EQ(made.reader.rejection().status, status) << head;
    if (!reason.empty()) {
      EXPECT_EQ(made.reader.rejection().reason, reason) << head;
    }
    EXPECT_TRUE(made.reader.started());
  }
}

TEST(HeadReader, TheFirstFaultDecidesWhateverFollowsIt) {
  for (const auto& [head, status, reason] : kRefused) {
    for (const std::string_view behind : {"\r\n\r\n", "x\r\nHost: b\r\n\r\n", "\0\n: x\r\n"}) {
      Head made;
      EXPECT_EQ(made.read(std::string(head).append(behind)), ReadProgress::kRejected) << head;
      EXPECT_EQ(made.reader.rejection().status, status) << head << behind;
    }
  }
  // The server's own judgement of a field comes before a fault that llhttp finds behind it.
  Head made;
  EXPECT_EQ(made.read("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nno colon\r\n\r\n"),
            ReadProgress::kRejected);
  EXPECT_STREQ(made.reader.rejection().reason, "more than one Host");
}

TEST(HeadReader, LooksAtNoByteTwice) {
  FieldBlock block(kLimits, WorkerSettings::HeaderMap::kDrop);
  HeadReader reader(kLimits, block);
  HttpRequest request;
  std::string line = "GET /a";
  ASSERT_EQ(reader.read(line.data(), line.size(), request), ReadProgress::kNeedMore);
  line = "\n\n\n\n\n\nb";
  EXPECT_EQ(reader.read(line.data(), line.size(), request), ReadProgress::kNeedMore);
  std::string head = "GET /ab HTTP/1.0\r\nA: b\r\nC";
  ASSERT_EQ(reader.read(head.data(), head.size(), request), ReadProgress::kNeedMore);
  const std::size_t seen = head.size();
  head = std::string(seen, '\n') + ": d\r\n\r\n";
  EXPECT_EQ(reader.read(head.data(), head.size(), request), ReadProgress::kComplete);
  EXPECT_EQ(request.fields.size(), 2U);
}

TEST(HeadReader, TellsTheMethodOfARefusedHead) {
  Head made;
  EXPECT_EQ(made.read("HEAD / HTTP/1.1\r\nno colon\r\n"), ReadProgress::kRejected);
  EXPECT_EQ(made.request.method_id, ALICORN_METHOD_HEAD);
}

TEST(HeadReader, TellsTheRequestLineAsFarAsItWasRead) {
  Head made;
  EXPECT_EQ(made.request_line(), "");
  made.read("\r\nGET /a");
  EXPECT_EQ(made.request_line(), "GET /a");
  made.read("\r\nGET /a HTTP/1.1\r");
  EXPECT_EQ(made.request_line(), "GET /a HTTP/1.1");
  made.read("\r\nGET /a HTTP/1.1\r\nHost: b\r\n");
  EXPECT_EQ(made.request_line(), "GET /a HTTP/1.1");
  made.reset();
  EXPECT_EQ(made.request_line(), "");
}

TEST(HeadReader, WhatHasEndedStaysAsItIsUntilReset) {
  Head good;
  ASSERT_EQ(good.read(kSamples[0].head), ReadProgress::kComplete);
  EXPECT_EQ(good.reader.read(nullptr, 0, good.request), ReadProgress::kComplete);
  EXPECT_EQ(good.described(), kSamples[0].described);
  EXPECT_EQ(good.reader.size(), kSamples[0].head.size());

  for (const auto& refused : kRefused) {
    Head bad;
    ASSERT_EQ(bad.read(refused.head), ReadProgress::kRejected);
    EXPECT_EQ(bad.reader.read(nullptr, 0, bad.request), ReadProgress::kRejected);
    EXPECT_EQ(bad.reader.rejection().status, refused.status);
  }
}

TEST(HeadReader, ResetsFromWhereverItIs) {
  const std::string_view first = "\r\nPUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n";
  const auto expect_fresh = [](Head& made, const std::string& what) {
    made.reset();
    EXPECT_FALSE(made.reader.started()) << what;
    EXPECT_FALSE(made.reader.rejection()) << what;
    for (const auto& [head, described] : kSamples) {
      ASSERT_EQ(made.read(head), ReadProgress::kComplete) << what;
      EXPECT_EQ(made.described(), described) << what;
      made.reset();
    }
  };
  for (std::size_t end = 0; end <= first.size(); ++end) {
    Head made;
    made.read(first.substr(0, end));
    expect_fresh(made, "after " + std::to_string(end) + " bytes");
  }
  for (const auto& refused : kRefused) {
    Head made;
    made.read(refused.head);
    expect_fresh(made, std::string(refused.head));
  }
}

TEST(HeadReader, ALimitCountsFromTheFirstByte) {
  const std::string head(kSamples[0].head);
  HttpLimits limits;
  limits.head_size_max = static_cast<std::uint32_t>(head.size());
  Head exact(limits);
  EXPECT_EQ(exact.read(head), ReadProgress::kComplete);
  limits.head_size_max = static_cast<std::uint32_t>(head.size()) - 1;
  Head large(limits);
  EXPECT_EQ(large.read(head.substr(0, head.size() - 1)), ReadProgress::kNeedMore);
  EXPECT_EQ(large.read(head), ReadProgress::kRejected);
  EXPECT_EQ(large.reader.rejection().status, 431);
}

}  // namespace
}  // namespace alicorn
