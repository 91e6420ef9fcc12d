// No bytes from an app may create a second response, or a field that the app did not give. An
// independent parser, which knows only RFC 9112, reads the serialised stream, and the result is
// compared with what the app asked for.
#include "workers/http/own_fields.hpp"
#include "workers/http/response.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

/// Numbers and strings from the fuzzer's bytes; zeroes after their end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::string string() {
    const std::string text(rest_.substr(0, byte()));
    rest_.remove_prefix(std::min(text.size(), rest_.size()));
    return text;
  }
  Fields fields() {
    Fields fields(byte() % 8);
    for (auto& [name, value] : fields) {
      name = string();
      value = string();
    }
    return fields;
  }

 private:
  std::string_view rest_;
};

std::vector<alicorn_field> as_fields(const Fields& fields) {
  std::vector<alicorn_field> result;
  for (const auto& [name, value] : fields) {
    result.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  return result;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_named(const std::string& name, std::string_view lower) {
  if (name.size() != lower.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool is_upper = name[i] >= 'A' && name[i] <= 'Z';
    if ((is_upper ? name[i] + ('a' - 'A') : name[i]) != lower[i]) return false;
  }
  return true;
}

/// Reads the stream as a client does. Every departure from the grammar aborts.
class Client {
 public:
  explicit Client(std::string_view stream) : rest_(stream) {}

  std::string line() {
    // Lenient clients end a line at a bare LF, some at a bare CR: there must be neither.
    const std::size_t end = rest_.find_first_of(std::string_view("\r\n\0", 3));
    require(end != std::string_view::npos, "a line ends");
    require(rest_.substr(end).starts_with("\r\n"), "no bare CR, LF or NUL in a line");
    const std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 2);
    return text;
  }
  int status() {
    const std::string text = line();
    require(text.starts_with("HTTP/1.1 ") && text.size() >= 13 && text[12] == ' ',
            "the status line is one");
    return std::stoi(text.substr(9, 3));
  }
  Fields fields() {
    Fields fields;
    for (std::string text; !(text = line()).empty();) {
      const std::size_t colon = text.find(':');
      require(colon != std::string::npos && colon != 0, "a field has a name");
      require(text.find_first_of(" \t") > colon, "no blank before the colon, no folding");
      fields.emplace_back(text.substr(0, colon), trimmed(text.substr(colon + 1)));
    }
    return fields;
  }
  std::string bytes(std::size_t size) {
    require(size <= rest_.size(), "the body is whole");
    const std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  std::string chunks() {
    std::string body;
    for (std::size_t size = 0; (size = std::stoul(line(), nullptr, 16)) != 0;) {
      body += bytes(size);
      require(line().empty(), "a chunk ends");
    }
    return body;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// The app's fields as the client should see them, then the server's.
constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

Fields expected_fields(const Fields& given, const HeadEnd& end) {
  Fields expected;
  for (const auto& [name, value] : given) {
    if (!is_named(name, "content-length")) expected.emplace_back(name, trimmed(value));
  }
  if (end.framing == Framing::kLength) {
    expected.emplace_back("Content-Length", std::to_string(end.content_length));
  }
  if (end.framing == Framing::kChunked) expected.emplace_back("Transfer-Encoding", "chunked");
  if (end.own_fields.starts_with("Date: ")) expected.emplace_back("Date", kDate);
  if (end.own_fields.ends_with("Server: alicorn\r\n")) expected.emplace_back("Server", "alicorn");
  if (!end.keep_alive || end.framing == Framing::kClose) {
    expected.emplace_back("Connection", "close");
  } else if (end.version_minor == 0) {
    expected.emplace_back("Connection", "keep-alive");
  }
  return expected;
}

void check_refusal(std::int32_t result, const std::string& out, std::string_view why) {
  require(result == ALICORN_ERROR_INVALID, "a refusal is ALICORN_ERROR_INVALID");
  require(out.empty(), "a refusal appends nothing");
  require(!why.empty(), "a refusal has a reason");
}

void check_interim(Input& input) {
  const int status = 100 + input.byte() % 5;
  const Fields given = input.fields();
  const std::vector<alicorn_field> views = as_fields(given);
  std::string out;
  const char* why = "";
  const std::int32_t result =
      append_interim(out, status, views.data(), static_cast<std::uint32_t>(views.size()), why);
  if (result != ALICORN_OK) return check_refusal(result, out, why);
  Client client(out);
  require(client.status() == status, "the interim status is the app's");
  require(client.fields() == expected_fields(given, {.framing = Framing::kNone}),
          "the interim fields are the app's");
  require(client.at_end(), "an interim response is only one");
}

/// False: the head was refused.
bool append_checked_head(std::string& out, int status, const Fields& given, ResponseHead& head) {
  const std::vector<alicorn_field> views = as_fields(given);
  const char* why = "";
  const std::int32_t result =
      append_head(out, status, views.data(), static_cast<std::uint32_t>(views.size()), head, why);
  if (result == ALICORN_OK) return true;
  check_refusal(result, out, why);
  return false;
}

void check_response(Input& input) {
  const int status = 150 + input.byte() * 2;
  const std::uint8_t flags = input.byte();
  const Fields given = input.fields();
  const std::string body = input.string();
  const Fields trailers = input.fields();

  std::string out;
  ResponseHead head;
  if (!append_checked_head(out, status, given, head)) return;
  alicorn::OwnFields own_fields("alicorn");
  own_fields.refresh(784'111'777);
  const HeadEnd end{.framing = static_cast<Framing>(flags % 4),
                    .content_length = static_cast<std::int64_t>(body.size()),
                    .keep_alive = (flags & 4) != 0,
                    .version_minor = static_cast<std::uint16_t>(flags >> 3 & 1),
                    .own_fields = own_fields.lines(!head.has_date, !head.has_server)};
  append_head_end(out, end);
  bool has_trailers = false;
  if (end.framing == Framing::kChunked) {
    if (!body.empty()) {
      append_chunk_size(out, body.size());
      out.append(body).append("\r\n");
    }
    const std::vector<alicorn_field> views = as_fields(trailers);
    std::string tail;
    const char* why = "";
    const std::int32_t result =
        append_last_chunk(tail, views.data(), static_cast<std::uint32_t>(views.size()), why);
    has_trailers = result == ALICORN_OK;
    if (!has_trailers) {
      check_refusal(result, tail, why);
      append_last_chunk(tail, nullptr, 0, why);
    }
    out.append(tail);
  } else if (end.framing != Framing::kNone) {
    out.append(body);
  }

  Client client(out);
  require(client.status() == status, "the status is the app's");
  require(client.fields() == expected_fields(given, end), "the fields are the app's and ours");
  if (end.framing == Framing::kChunked) {
    require(client.chunks() == body, "the chunks are the body");
    const Fields wanted =
        has_trailers ? expected_fields(trailers, {.framing = Framing::kNone}) : Fields();
    require(client.fields() == wanted, "the trailers are the app's");
  } else if (end.framing != Framing::kNone) {
    require(client.bytes(body.size()) == body, "the body is the app's");
  }
  require(client.at_end(), "a response is only one");
}

}  // namespace
}  // namespace alicorn

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  alicorn::Input input(data, size);
  if ((input.byte() & 1) != 0) {
    alicorn::check_interim(input);
  } else {
    alicorn::check_response(input);
  }
  return 0;
}
