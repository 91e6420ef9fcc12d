// What a test sends to an app, and what it gets back. Part of alicorn/testing.hpp; the test's
// process.
#pragma once

#include "alicorn/app.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {
inline namespace app_v1 {

struct TestField {
  std::string name, value;
};

struct TestRequest {
  std::string method = "GET";
  std::string target = "/";
  std::vector<TestField> headers = {};  ///< names are changed to lower case, as in the server
  std::string body = {};
  /// Used instead of `body`: a body that comes piece by piece (chunked) to an app with
  /// ALICORN_APP_STREAM_BODY.
  std::vector<std::string> pieces = {};
  std::vector<TestField> trailers = {};
  bool body_is_cut =
      false;  ///< the client leaves after the last piece: body_next says GONE, not END
  std::string scheme = "http";
  std::string authority = "localhost";
  std::string client_address = "127.0.0.1";
  std::uint16_t client_port = 50000;
  std::uint16_t http_minor = 1;
  std::string request_id = "test-request";
  std::uint64_t connection = 1, request_number = 1;
  std::string mount = {};
  std::uint32_t deadline_ms = 0;  ///< told, but not enforced: see TestHost::cancel()
  std::size_t client_window =
      64 * 1024;  ///< after so many bytes a deferred write gets ALICORN_FULL
};

struct TestInterim {
  std::int32_t status;
  std::vector<TestField> headers;
};

/// What the client would have seen, and what the server would have logged.
struct TestAnswer {
  std::int32_t status = 0;         ///< 500 if the app failed before it began to answer
  std::string reason;              ///< "" : the standard phrase
  std::vector<TestField> headers;  ///< the app's, in order, names lower-case
  std::string body;                ///< "" for HEAD, and with 204, 205 and 304
  std::vector<TestField> trailers;
  std::vector<TestInterim> interim;
  bool is_whole = false;  ///< neither cut nor failed
  bool was_deferred = false;
  std::vector<std::int32_t> events;  ///< ALICORN_EVENT_..., in the order of delivery
  std::vector<TestField> annotations;
  std::vector<std::string> mistakes;  ///< sentences; the first is usually the cause of the others

  bool ok() const { return is_whole && mistakes.empty(); }
  std::string mistakes_text() const {
    std::string text;
    for (const std::string& mistake : mistakes) text.append(mistake).append("\n");
    return text;
  }
  /// Returns the first field of that name, which must be in lower case.
  std::optional<std::string> header(std::string_view name) const {
    for (const TestField& field : headers) {
      if (field.name == name) return field.value;
    }
    return std::nullopt;
  }
};

struct TestLogLine {
  std::int32_t level;
  std::string message;
  std::vector<TestField> fields;
  bool has_request;
};

struct TestOptions {
  std::vector<TestField> config = {};  ///< the `app:` section, flattened: {"database.url", "..."}
  std::int32_t log_level = ALICORN_LOG_DEBUG;
  /// Applies the rules for loading before the fork: only an ALICORN_APP_PRELOAD_SAFE app starts,
  /// and it must not start a thread until worker_init. The callback preload is called either way.
  bool preload = false;
  std::uint32_t slot = 0, generation = 1, threads = 1;  ///< what alicorn_worker contains
  /// To try an app that is to run on older hosts, too (ALICORN_MINIMUM_MINOR): what came later is
  /// not there.
  std::uint32_t host_minor = ALICORN_ABI_MINOR;
  std::chrono::milliseconds patience{5000};  ///< for a deferred request; longer is a mistake
};

}  // namespace app_v1
}  // namespace alicorn
