// One request in the test host: its state, and what the [R] calls do to it. Part of
// alicorn/testing.hpp; the test's process.
#pragma once

#include "alicorn/testing/request_memory.hpp"

#include <deque>
#include <exception>
#include <memory>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
inline namespace app_v1 {
namespace detail {

/// All members are guarded by the host's mutex, except what the callbacks of this request read in
/// `memory`.
struct TestCallState {
  enum class Stage { kNone, kBegun, kWhole, kFailed };

  TestCallState(const TestRequest& request, const alicorn_app& app)
      : memory(std::make_unique<TestRequestMemory>(request)),
        streams_body((app.flags & ALICORN_APP_STREAM_BODY) != 0),
        may_block(app.run_model == ALICORN_RUN_POOL),
        answers_head(request.method == "HEAD") {
    auto& pieces = memory->data.pieces;
    if (pieces.empty() && !request.body.empty()) pieces = {request.body};
    if (streams_body) return;
    std::string whole;
    for (const std::string& part : pieces) whole += part;
    memory->data.body = std::move(whole);
    memory->view.body = test_string(memory->data.body);
    show_trailers();
  }

  bool is_gone() const {
    return cancelled == ALICORN_CANCEL_CLIENT_GONE || cancelled == ALICORN_CANCEL_DEADLINE;
  }
  std::int32_t mistake(std::int32_t result, std::string sentence) {
    answer.mistakes.push_back(std::move(sentence));
    return result;
  }
  void show_trailers() {
    memory->view.trailer_count = static_cast<std::uint32_t>(memory->trailers.size());
  }
  bool body_is_dropped() const { return answers_head || !rules::status_allows_body(answer.status); }

  std::int32_t begin(const char* call, std::int32_t status, const alicorn_field* fields,
                     std::uint32_t count, std::int64_t body_length);
  std::int32_t respond(std::int32_t status, const alicorn_field* fields, std::uint32_t count,
                       const alicorn_buffer* body);
  std::int32_t send_file(std::int32_t status, const alicorn_field* fields, std::uint32_t count,
                         std::int32_t fd, std::int64_t offset, std::int64_t file_length);
  std::string check_buffers(const alicorn_buffer* buffers, std::uint32_t count) const;
  std::int32_t write(const alicorn_buffer* buffers, std::uint32_t count);
  std::int32_t end(const alicorn_field* trailers, std::uint32_t count);
  std::int32_t interim(std::int32_t status, const alicorn_field* fields, std::uint32_t count);
  std::int32_t body_next(alicorn_string* piece);
  std::int32_t defer(alicorn_event_function function, void* context);
  void on_returned(const char* callback, std::int32_t result);
  bool keep(const alicorn_buffer& buffer);
  std::int32_t annotate(alicorn_string name, alicorn_string value);
  std::int32_t set_reason(alicorn_string reason);
  void fail(std::string sentence);
  void send_pending();

  struct Resume {
    alicorn_resume_function function;
    void* context;
  };
  struct After {
    void (*function)(void*);
    void* context;
  };
  /// Data on its way to the client: a copy, or the app's own data, which is read as late as
  /// possible.
  struct Output {
    std::string copied;
    alicorn_buffer kept{};
  };

  std::unique_ptr<TestRequestMemory> memory;  ///< null: the app has finished, and no callback runs
  const bool streams_body, may_block, answers_head;
  TestAnswer answer;
  Stage stage = Stage::kNone;
  bool in_callback = false, is_deferred = false, is_answered = false, is_finished = false;
  bool request_pending = true, finished_told = false;
  std::int32_t cancelled = 0;
  alicorn_event_function on_event = nullptr;
  void* event_context = nullptr;
  bool cancel_pending = false, readable_pending = false, writable_pending = false;
  std::deque<Resume> resumes;
  std::deque<After> after;

  std::int64_t length = -1, written = 0;
  std::size_t unread = 0;  ///< bytes since the client last caught up
  std::vector<Output> output;
  std::size_t next_piece = 0;
  bool piece_is_there = false;
  std::unique_ptr<std::string> piece;  ///< the piece that the app has; freed by the next body_next
  bool body_was_given = false;
};

inline std::int32_t TestCallState::begin(const char* call, std::int32_t status,
                                         const alicorn_field* fields, std::uint32_t count,
                                         std::int64_t body_length) {
  if (is_finished || is_gone()) return ALICORN_ERROR_GONE;
  if (stage != Stage::kNone) {
    return mistake(ALICORN_ERROR_STATE, std::string(call) + ": there is a response already");
  }
  std::vector<TestField> headers;
  if (body_length < -1)
    return mistake(ALICORN_ERROR_INVALID, std::string(call) + ": a negative length");
  const std::string wrong = take_head(status, fields, count, answers_head, body_length, headers);
  if (!wrong.empty()) return mistake(ALICORN_ERROR_INVALID, std::string(call) + ": " + wrong);
  answer.status = status;
  answer.headers = std::move(headers);
  length = body_length;
  stage = Stage::kBegun;
  return ALICORN_OK;
}

inline void test_release(const alicorn_buffer& buffer) {
  if (buffer.release != nullptr) buffer.release(buffer.context);
}

inline std::int32_t TestCallState::respond(std::int32_t status, const alicorn_field* fields,
                                           std::uint32_t count, const alicorn_buffer* body) {
  const alicorn_buffer given = body == nullptr ? alicorn_buffer{} : *body;
  std::int32_t result = ALICORN_OK;
  const bool may_answer = !is_finished && !is_gone() && stage == Stage::kNone;
  if (may_answer && given.data == nullptr && given.size != 0) {
    result = mistake(ALICORN_ERROR_INVALID, "respond: a body that is NULL with a size");
  } else if (may_answer && rules::is_impossible(given.size)) {
    result = mistake(ALICORN_ERROR_INVALID, "respond: a body that is larger than any memory");
  } else {
    result = begin("respond", status, fields, count, static_cast<std::int64_t>(given.size));
  }
  if (result != ALICORN_OK) {
    test_release(given);
    return result;
  }
  if (!keep(given)) {
    stage = Stage::kNone;
    test_release(given);
    return mistake(ALICORN_ERROR_MEMORY, "respond: no memory for the body");
  }
  stage = Stage::kWhole;
  is_answered = true;
  return ALICORN_OK;
}

/// False: no memory for a copy. Data that no client sees is not read.
inline bool TestCallState::keep(const alicorn_buffer& buffer) {
  Output part{{}, buffer};
  if (buffer.release == nullptr && !body_is_dropped()) {
    try {
      part.copied.assign(static_cast<const char*>(buffer.data), buffer.size);
    } catch (const std::exception&) {
      return false;
    }
  }
  output.push_back(std::move(part));
  return true;
}

inline std::int32_t TestCallState::send_file(std::int32_t status, const alicorn_field* fields,
                                             std::uint32_t count, std::int32_t fd,
                                             std::int64_t offset, std::int64_t file_length) {
  if (is_finished || is_gone()) return ALICORN_ERROR_GONE;
  if (stage != Stage::kNone) {
    return mistake(ALICORN_ERROR_STATE, "send_file: there is a response already");
  }
  struct stat info {};
  const bool is_file = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  if (!is_file)
    return mistake(ALICORN_ERROR_INVALID, "send_file: the descriptor is no regular file");
  if (offset < 0 || offset > info.st_size || file_length < -1 ||
      file_length > info.st_size - offset) {
    return mistake(ALICORN_ERROR_INVALID, "send_file: the range is not inside the file");
  }
  if (file_length < 0) file_length = info.st_size - offset;
  const std::int32_t result = begin("send_file", status, fields, count, file_length);
  if (result != ALICORN_OK) return result;
  std::string bytes(static_cast<std::size_t>(file_length), '\0');
  if (::pread(fd, bytes.data(), bytes.size(), offset) != file_length) {
    fail("send_file: the file could not be read");
    return ALICORN_ERROR_INVALID;
  }
  output.push_back({std::move(bytes), {}});
  stage = Stage::kWhole;
  is_answered = true;
  return ALICORN_OK;
}

/// Returns "" or why no response can be written from the buffers. Called before any of them is
/// taken.
inline std::string TestCallState::check_buffers(const alicorn_buffer* buffers,
                                                std::uint32_t count) const {
  if (buffers == nullptr && count != 0) return "buffers that are NULL with a count";
  auto room = static_cast<std::uint64_t>(INT64_MAX - written);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (buffers[i].data == nullptr && buffers[i].size != 0) return "data that is NULL with a size";
    if (buffers[i].size > room) return "more than any memory can hold";
    room -= buffers[i].size;
  }
  return {};
}

inline std::int32_t TestCallState::write(const alicorn_buffer* buffers, std::uint32_t count) {
  std::int32_t refused = ALICORN_OK;
  if (is_finished || is_gone()) {
    refused = ALICORN_ERROR_GONE;
  } else if (stage != Stage::kBegun) {
    refused = mistake(ALICORN_ERROR_STATE, "write: not between begin and end");
  } else if (const std::string wrong = check_buffers(buffers, count); !wrong.empty()) {
    refused = mistake(ALICORN_ERROR_INVALID, "write: " + wrong);
  }
  for (std::uint32_t i = 0; buffers != nullptr && i < count; ++i) {
    alicorn_buffer buffer = buffers[i];
    const auto room = static_cast<std::uint64_t>(length < 0 ? INT64_MAX : length - written);
    if (refused == ALICORN_OK && buffer.size > room) {
      buffer.size = static_cast<std::size_t>(room);
      answer.mistakes.emplace_back("write: more than the Content-Length; the rest is cut off");
    }
    if (refused != ALICORN_OK) {
      test_release(buffer);
      continue;
    }
    if (buffer.size < buffers[i].size) refused = ALICORN_ERROR_INVALID;
    written += static_cast<std::int64_t>(buffer.size);
    unread += buffer.size;
    if (!keep(buffer)) {
      test_release(buffer);
      refused = mistake(ALICORN_ERROR_MEMORY, "write: no memory for a copy");
    }
  }
  if (refused != ALICORN_OK) return refused;
  if (unread <= memory->data.client_window || (may_block && !is_deferred)) return ALICORN_OK;
  writable_pending = true;
  return ALICORN_FULL;
}

inline std::int32_t TestCallState::end(const alicorn_field* trailers, std::uint32_t count) {
  if (is_finished || is_gone()) {
    is_answered = true;
    return ALICORN_ERROR_GONE;
  }
  if (stage != Stage::kBegun)
    return mistake(ALICORN_ERROR_STATE, "end: not after begin, or ended before");
  if (length >= 0 && written < length && !body_is_dropped()) {
    fail("end: " + std::to_string(written) + " bytes of a Content-Length of " +
         std::to_string(length));
    is_answered = true;
    return ALICORN_ERROR_INVALID;
  }
  std::vector<TestField> fields;
  std::string wrong = take_fields(trailers, count, fields);
  for (const TestField& field : fields) {
    if (rules::is_forbidden_trailer(field.name)) wrong = field.name + " is forbidden in trailers";
  }
  if (!wrong.empty()) return mistake(ALICORN_ERROR_INVALID, "end: " + wrong);
  const bool is_chunked = length < 0 && memory->data.http_minor >= 1 && !body_is_dropped();
  if (is_chunked) answer.trailers = std::move(fields);
  stage = Stage::kWhole;
  is_answered = true;
  return ALICORN_OK;
}

inline std::int32_t TestCallState::interim(std::int32_t status, const alicorn_field* fields,
                                           std::uint32_t count) {
  if (is_finished || is_gone()) return ALICORN_ERROR_GONE;
  if (stage != Stage::kNone) return mistake(ALICORN_ERROR_STATE, "interim: the response has begun");
  std::vector<TestField> headers;
  std::string wrong = rules::is_interim_status(status) ? take_fields(fields, count, headers)
                                                       : "the status is not 102 or 103";
  for (const TestField& field : headers) {
    const rules::FieldKind kind = rules::kind_of_field(field.name);
    if (kind == rules::FieldKind::kHopByHop || kind == rules::FieldKind::kContentLength) {
      wrong = field.name + " is not allowed";
    }
  }
  if (!wrong.empty()) return mistake(ALICORN_ERROR_INVALID, "interim: " + wrong);
  if (memory->data.http_minor >= 1) answer.interim.push_back({status, std::move(headers)});
  return ALICORN_OK;
}

inline std::int32_t TestCallState::body_next(alicorn_string* out) {
  if (is_finished || is_gone()) return ALICORN_ERROR_GONE;
  if (out == nullptr) return mistake(ALICORN_ERROR_INVALID, "body_next: no place for the piece");
  if (!streams_body) {
    if (std::exchange(body_was_given, true) || memory->data.body.empty()) return ALICORN_END;
    *out = test_string(memory->data.body);
    return ALICORN_OK;
  }
  piece.reset();
  const auto& pieces = memory->data.pieces;
  while (next_piece < pieces.size() && pieces[next_piece].empty()) ++next_piece;
  const bool is_over = next_piece == pieces.size() && !memory->data.body_is_cut;
  if (!is_over && !(may_block && !is_deferred) && !std::exchange(piece_is_there, false)) {
    // An app that cannot block must wait for every piece, because the server may let it wait at
    // any.
    if (!is_deferred)
      return mistake(ALICORN_ERROR_STATE, "body_next: would block the loop; defer first");
    readable_pending = true;
    return ALICORN_WAIT;
  }
  if (next_piece < pieces.size()) {
    piece = std::make_unique<std::string>(pieces[next_piece++]);
    *out = test_string(*piece);
    return ALICORN_OK;
  }
  if (memory->data.body_is_cut) {
    cancelled = ALICORN_CANCEL_CLIENT_GONE;
    return ALICORN_ERROR_GONE;
  }
  show_trailers();
  return ALICORN_END;
}

inline std::int32_t TestCallState::defer(alicorn_event_function function, void* context) {
  if (is_finished) return ALICORN_ERROR_GONE;
  if (is_deferred || stage == Stage::kWhole) {
    return mistake(ALICORN_ERROR_STATE, is_deferred ? "defer: it is deferred already"
                                                    : "defer: there is a whole response");
  }
  is_deferred = answer.was_deferred = true;
  on_event = function;
  event_context = context;
  cancel_pending = cancelled != 0;
  return ALICORN_OK;
}

inline std::int32_t TestCallState::set_reason(alicorn_string reason) {
  constexpr std::size_t kReasonMax = 128;
  if (is_finished || is_gone()) return ALICORN_ERROR_GONE;
  if (stage != Stage::kNone) {
    return mistake(ALICORN_ERROR_STATE, "set_reason: there is a response already");
  }
  const bool is_text = reason.size == 0 || reason.data != nullptr;
  if (!is_text || reason.size > kReasonMax || !rules::is_field_value({reason.data, reason.size})) {
    return mistake(ALICORN_ERROR_INVALID,
                   "set_reason: longer than 128 bytes, or characters that HTTP forbids");
  }
  answer.reason = text_or_nothing(reason);
  return ALICORN_OK;
}

inline std::int32_t TestCallState::annotate(alicorn_string name, alicorn_string value) {
  constexpr std::size_t kCountMax = 32, kBytesMax = 1024;  // the server's limits
  if (is_finished) return ALICORN_ERROR_GONE;
  if (name.size == 0 || name.data == nullptr || (value.size != 0 && value.data == nullptr)) {
    return mistake(ALICORN_ERROR_INVALID, "annotate: an empty name, or NULL with a size");
  }
  const bool is_long =
      name.size > kBytesMax || value.size > kBytesMax || name.size + value.size > kBytesMax;
  if (is_long || answer.annotations.size() == kCountMax) {
    return mistake(ALICORN_ERROR_LIMIT, "annotate: more than 32, or more than 1024 bytes");
  }
  answer.annotations.push_back({text_or_nothing(name), text_or_nothing(value)});
  return ALICORN_OK;
}

inline void TestCallState::fail(std::string sentence) {
  answer.mistakes.push_back(std::move(sentence));
  if (stage != Stage::kWhole) stage = Stage::kFailed;
}

/// Decides what a callback's return means for the request.
inline void TestCallState::on_returned(const char* callback, std::int32_t result) {
  if (is_finished) return;
  if (result < 0) {
    if (result != ALICORN_ERROR_GONE || !is_gone()) {
      fail(std::string(callback) + " returned " + std::to_string(result));
    } else if (stage != Stage::kWhole) {
      stage = Stage::kFailed;
    }
    is_finished = true;
  } else if (is_deferred) {
    is_finished = is_answered;
  } else {
    is_finished = true;
    if (stage == Stage::kNone && !is_gone()) {
      fail(std::string(callback) + " returned without a response and without defer()");
    } else if (stage == Stage::kBegun) {
      if (!is_gone())
        fail(std::string(callback) + " returned after begin() without end() or defer()");
      stage = Stage::kFailed;
    }
  }
}

/// The response has been sent: the client has read everything.
inline void TestCallState::send_pending() {
  for (Output& part : output) {
    if (!body_is_dropped() && !is_gone()) {
      answer.body += part.kept.release == nullptr
                         ? part.copied
                         : std::string(static_cast<const char*>(part.kept.data), part.kept.size);
    }
    test_release(part.kept);
  }
  output.clear();
}

}  // namespace detail
}  // namespace app_v1
}  // namespace alicorn
