// The C++ face of alicorn/app.h: header-only, C++20, compiled into the application. Runs in the
// worker, wherever a callback runs; threads and lifetimes are those of app.h.
//
//   #include <alicorn/app.hpp>
//   static void hello(alicorn::Request& request) {
//     request.respond(200, "text/plain", "Hello, world\n");
//   }
//   ALICORN_CPP_APP(hello);
//
// Errors: [R] calls throw CallFailure, so that a handler reads from top to bottom. An exception of
// any type that leaves a handler becomes a log line and a 500, or a cut connection if the response
// has begun. Only CallFailure{ALICORN_ERROR_GONE} is silent: the client has left, which is nobody's
// fault.
#pragma once

// This comes before any code that an older standard rejects: the first line of the output must be
// this error.
#if __cplusplus < 202002L
#error "alicorn/app.hpp needs C++20: compile with -std=c++20, or set CMAKE_CXX_STANDARD to 20"
#endif

#include "alicorn/app.h"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace alicorn {
// The server itself uses namespace alicorn too; the inline namespace keeps the linker symbols
// apart.
inline namespace app_v1 {

inline std::string_view view_of(alicorn_string text) {
  return {text.data, text.size};
}
inline alicorn_string string_of(std::string_view text) {
  return {text.data(), text.size()};
}

/// Thrown by an [R] call that did not succeed.
class CallFailure : public std::exception {
 public:
  CallFailure(const char* call, std::int32_t code) : call_(call), code_(code) {}
  const char* what() const noexcept override { return call_; }  ///< "respond", "write", ...
  std::int32_t code() const { return code_; }                   ///< ALICORN_ERROR_...

 private:
  const char* call_;
  std::int32_t code_;
};

/// A header, a trailer, or a field of a log line.
struct HeaderField {
  std::string_view name, value;
};

/// Fields for the host, as a C array. Use it as an argument: {{"etag", tag}, {"vary", "accept"}}.
class HeaderFields {
 public:
  HeaderFields() = default;
  HeaderFields(std::initializer_list<HeaderField> fields) { assign(fields.begin(), fields.size()); }
  HeaderFields(const std::vector<HeaderField>& fields) {  // NOLINT(google-explicit-constructor)
    assign(fields.data(), fields.size());
  }
  HeaderFields(const HeaderFields&) = delete;
  HeaderFields& operator=(const HeaderFields&) = delete;

  const alicorn_field* data() const { return many_.empty() ? few_.data() : many_.data(); }
  std::uint32_t size() const { return size_; }

 private:
  void assign(const HeaderField* fields, std::size_t count) {
    if (count > few_.size()) many_.resize(count);
    alicorn_field* out = many_.empty() ? few_.data() : many_.data();
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = {string_of(fields[i].name), string_of(fields[i].value)};
    }
    size_ = static_cast<std::uint32_t>(count);
  }

  std::array<alicorn_field, 16> few_;  // no allocation for the usual response
  std::vector<alicorn_field> many_;
  std::uint32_t size_ = 0;
};

/// Received fields in order: for (auto [name, value] : request.headers()).
class HeaderRange {
 public:
  struct Iterator {
    const alicorn_field* field;
    HeaderField operator*() const { return {view_of(field->name), view_of(field->value)}; }
    Iterator& operator++() { return ++field, *this; }
    bool operator==(const Iterator&) const = default;
  };
  HeaderRange(const alicorn_field* fields, std::uint32_t count) : fields_(fields), count_(count) {}
  Iterator begin() const { return {fields_}; }
  Iterator end() const { return {fields_ + count_}; }
  std::uint32_t size() const { return count_; }

 private:
  const alicorn_field* fields_;
  std::uint32_t count_;
};

/// Bytes of a response. The call that takes it copies text, but neither a string that was moved in
/// nor text that lives for ever.
class Data {
 public:
  Data() = default;
  Data(std::string_view text)  // NOLINT(google-explicit-constructor)
      : buffer_{text.data(), text.size(), nullptr, nullptr} {}
  Data(const char* text) : Data(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  Data(const std::string& text)
      : Data(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  Data(std::string&& text) {             // NOLINT(google-explicit-constructor)
    auto* moved = new std::string(std::move(text));
    buffer_ = {moved->data(), moved->size(),
               [](void* context) { delete static_cast<std::string*>(context); }, moved};
  }
  static Data forever(std::string_view text) {
    Data data(text);
    data.buffer_.release = [](void*) {};
    return data;
  }
  Data(Data&& other) noexcept : buffer_(std::exchange(other.buffer_, {})) {}
  Data& operator=(Data&& other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~Data() {
    if (buffer_.release != nullptr) buffer_.release(buffer_.context);
  }

  /// Passes ownership to the host, which will release the data.
  alicorn_buffer hand_over() { return std::exchange(buffer_, {}); }

 private:
  alicorn_buffer buffer_{};
};

/// The host's [A] calls. Copies are cheap; valid for the life of the process, on any thread.
class Host {
 public:
  explicit Host(const alicorn_host* host) : host_(host) {}

  std::string_view server_version() const { return view_of(host_->server_version); }
  bool log_enabled(std::int32_t level) const {
    return level >= __atomic_load_n(&host_->log_level, __ATOMIC_RELAXED);
  }
  void log(std::int32_t level, std::string_view message, const HeaderFields& fields = {},
           alicorn_token token = 0) const noexcept {
    if (log_enabled(level)) {
      host_->log(host_, token, level, string_of(message), fields.data(), fields.size());
    }
  }
  /// A value from the configuration's app: section, by a key such as "database.url". Valid for the
  /// life of the process.
  std::optional<std::string_view> config(std::string_view key) const {
    alicorn_string value{};
    if (host_->config_get(host_, string_of(key), &value) != ALICORN_OK) return std::nullopt;
    return view_of(value);
  }
  /// The whole app: section, in the order of the file. Valid for the life of the process.
  std::vector<HeaderField> config_entries() const {
    std::vector<HeaderField> entries;
    alicorn_string key{}, value{};
    while (host_->config_at(host_, static_cast<std::uint32_t>(entries.size()), &key, &value) ==
           ALICORN_OK) {
      entries.push_back({view_of(key), view_of(value)});
    }
    return entries;
  }
  void request_recycle(std::string_view reason) const {
    host_->request_recycle(host_, string_of(reason));
  }
  const alicorn_host* raw() const { return host_; }

 private:
  const alicorn_host* host_;
};

class Request;

/// Identifies a deferred request, on any thread. Copies identify the same request; destroying them
/// has no effect. Calls return ALICORN_OK or an error and never throw, because the holder of a
/// token is seldom inside a handler.
class RequestToken {
 public:
  RequestToken() = default;
  RequestToken(const alicorn_host* host, alicorn_token token) : host_(host), token_(token) {}

  std::int32_t complete(std::int32_t status, const HeaderFields& fields, Data body = {}) const {
    const alicorn_buffer buffer = body.hand_over();
    return host_->complete(host_, token_, status, fields.data(), fields.size(), &buffer);
  }
  template <std::convertible_to<std::string_view> Text>  // deduced, so that {} means no fields
  std::int32_t complete(std::int32_t status, const Text& content_type, Data body) const {
    return complete(status, {{"content-type", content_type}}, std::move(body));
  }
  /// Runs function(Request*) on an app thread, with null if the request was finished in the
  /// meantime. A client that has left does not finish a request: ask cancelled() before expensive
  /// work. On an error the function is destroyed without running.
  template <std::invocable<Request*> Function>
  std::int32_t resume(Function function) const;
  /// 0, ALICORN_CANCEL_... or ALICORN_ERROR_GONE.
  std::int32_t cancelled() const { return host_->cancelled(host_, token_); }
  Host host() const { return Host(host_); }
  alicorn_token raw() const { return token_; }

 private:
  const alicorn_host* host_ = nullptr;
  alicorn_token token_ = 0;
};

/// The obligation to complete a deferred request, on any thread. If it is dropped, it answers 500,
/// so that no client waits for ever.
class Deferral {
 public:
  explicit Deferral(RequestToken token) : token_(token) {}
  Deferral(Deferral&& other) noexcept : token_(std::exchange(other.token_, {})) {}
  Deferral& operator=(Deferral&& other) noexcept {
    std::swap(token_, other.token_);
    return *this;
  }
  ~Deferral() {
    if (token_.raw() != 0)
      token_.complete(500, "text/plain", Data::forever("Internal Server Error\n"));
  }

  /// Fulfils the obligation, whatever the result.
  template <class... Arguments>
  std::int32_t complete(Arguments&&... arguments) {
    return release().complete(std::forward<Arguments>(arguments)...);
  }
  template <class Function>
  std::int32_t resume(Function&& function) const {
    return token_.resume(std::forward<Function>(function));
  }
  std::int32_t cancelled() const { return token_.cancelled(); }
  /// Passes the obligation to the user of the token, or to a callback that ends the response.
  RequestToken release() { return std::exchange(token_, {}); }

 private:
  RequestToken token_;
};

/// Receives the events of a deferred request. Deleted after ALICORN_EVENT_FINISHED, which always
/// comes.
class RequestEvents {
 public:
  virtual ~RequestEvents() = default;
  virtual void on_event(Request& request, std::int32_t event) = 0;  ///< ALICORN_EVENT_...
};

/// A piece of the body, or the reason why there is none now.
struct BodyPiece {
  std::int32_t result;     ///< ALICORN_OK, ALICORN_WAIT (deferred requests only), ALICORN_END
  std::string_view bytes;  ///< valid until the next piece is requested
};

/// A view of the request; copies refer to the same request. The calls are [R]: use them only inside
/// a callback that was given the request.
class Request {
 public:
  explicit Request(alicorn_request* request) : request_(request) {}

  std::int32_t method_id() const { return request_->method_id; }  ///< ALICORN_METHOD_...
  std::string_view method() const { return view_of(request_->method); }
  std::string_view target() const { return view_of(request_->target); }
  std::string_view path() const { return view_of(request_->path); }
  std::string_view query() const { return view_of(request_->query); }
  std::string_view scheme() const { return view_of(request_->scheme); }
  std::string_view authority() const { return view_of(request_->authority); }
  std::string_view client_address() const { return view_of(request_->client_address); }
  std::string_view request_id() const { return view_of(request_->request_id); }
  std::string_view body() const { return view_of(request_->body); }
  /// Of the client, in this process; 0: the host is older than minor 1.
  std::uint64_t connection() const {
    return ALICORN_HAS(request_, connection) ? request_->connection : 0;
  }
  /// 1 for the first request on the connection; 0: the host is older than minor 1.
  std::uint64_t request_number() const {
    return ALICORN_HAS(request_, request_number) ? request_->request_number : 0;
  }
  /// "/shop": the part in front of path(), as the client sees it.
  std::string_view mount() const {
    return ALICORN_HAS(request_, mount) ? view_of(request_->mount) : std::string_view();
  }
  std::int64_t content_length() const { return request_->content_length; }
  HeaderRange headers() const { return {request_->headers, request_->header_count}; }
  HeaderRange trailers() const { return {request_->trailers, request_->trailer_count}; }
  /// The first header with this name; give the name in lower case.
  std::optional<std::string_view> header(std::string_view name) const {
    for (const auto [header_name, value] : headers()) {
      if (header_name == name) return value;
    }
    return std::nullopt;
  }
  RequestToken token() const { return {request_->host, request_->token}; }
  Host host() const { return Host(request_->host); }
  template <class State>
  State& worker_state() const {
    return *static_cast<State*>(request_->worker_state);
  }
  template <class State>
  State& thread_state() const {
    return *static_cast<State*>(request_->thread_state);
  }
  alicorn_request* raw() const { return request_; }  ///< for calls without a wrapper

  void respond(std::int32_t status, const HeaderFields& fields, Data body = {}) {
    const alicorn_buffer buffer = body.hand_over();
    check("respond", calls().respond(request_, status, fields.data(), fields.size(), &buffer));
  }
  template <std::convertible_to<std::string_view> Text>  // deduced, so that {} means no fields
  void respond(std::int32_t status, const Text& content_type, Data body) {
    respond(status, {{"content-type", content_type}}, std::move(body));
  }
  /// Takes ownership of the descriptor.
  void send_file(std::int32_t status, const HeaderFields& fields, int fd, std::int64_t offset = 0,
                 std::int64_t length = -1) {
    check("send_file",
          calls().send_file(request_, status, fields.data(), fields.size(), fd, offset, length));
  }
  /// Of the response that follows: "Not Here" in "404 Not Here". Does nothing on a host older than
  /// minor 1.
  void set_reason(std::string_view reason) {
    if (!ALICORN_HAS(&calls(), set_reason)) return;
    check("set_reason", calls().set_reason(request_, string_of(reason)));
  }
  void interim(std::int32_t status, const HeaderFields& fields) {
    check("interim", calls().interim(request_, status, fields.data(), fields.size()));
  }

  void begin(std::int32_t status, const HeaderFields& fields, std::int64_t content_length = -1) {
    check("begin", calls().begin(request_, status, fields.data(), fields.size(), content_length));
  }
  /// False on a deferred request: the data was taken, but write no more before
  /// ALICORN_EVENT_WRITABLE.
  bool write(Data data) {
    const alicorn_buffer buffer = data.hand_over();
    return check("write", calls().write(request_, &buffer, 1)) != ALICORN_FULL;
  }
  void end(const HeaderFields& trailers = {}) {
    check("end", calls().end(request_, trailers.data(), trailers.size()));
  }

  BodyPiece body_next() {
    alicorn_string piece{"", 0};
    const std::int32_t result = check("body_next", calls().body_next(request_, &piece));
    return {result, view_of(piece)};
  }
  /// Waits for the next piece, on a request that is not deferred; nullopt at the end of the body.
  std::optional<std::string_view> read_body() {
    const BodyPiece piece = body_next();
    return piece.result == ALICORN_OK ? std::optional(piece.bytes) : std::nullopt;
  }

  /// Keeps the request beyond this callback. Give the result away as the last step: its holder may
  /// finish the request at once.
  [[nodiscard]] Deferral defer(std::unique_ptr<RequestEvents> events = nullptr);
  void extend_deadline(std::uint32_t milliseconds_from_now) {
    check("extend_deadline", calls().extend_deadline(request_, milliseconds_from_now));
  }
  /// Runs function() on an app thread when the response has been sent or has failed.
  template <std::invocable Function>
  void after_response(Function function);
  void annotate(std::string_view name, std::string_view value) {
    check("annotate", calls().annotate(request_, string_of(name), string_of(value)));
  }
  void log(std::int32_t level, std::string_view message, const HeaderFields& fields = {}) const {
    host().log(level, message, fields, request_->token);
  }

 private:
  const alicorn_host& calls() const { return *request_->host; }
  static std::int32_t check(const char* call, std::int32_t result) {
    if (result < 0) throw CallFailure(call, result);
    return result;
  }

  alicorn_request* request_;
};

}  // namespace app_v1
}  // namespace alicorn

#include "alicorn/app_entry.hpp"
