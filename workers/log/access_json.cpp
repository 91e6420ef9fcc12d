#include "workers/log/access_json.hpp"

#include "base/escape.hpp"
#include "workers/log/access_facts.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace alicorn {
namespace {

// The most that the names and nulls of the remaining members and the closing braces can take.
constexpr std::size_t kReserve = 320;
// No annotation has a longer key.
constexpr std::size_t kKeyMax = 64;

class ObjectWriter {
 public:
  ObjectWriter(std::string& out, std::size_t size_max)
      : out_(out), end_(out.size() + size_max - kReserve), value_max_(size_max / 4) {
    out_.push_back('{');
  }

  void number(std::string_view name, std::int64_t value) {
    key(name);
    char digits[20];
    out_.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
  }
  void number(std::string_view name, std::uint64_t value) {
    // JSON readers store numbers in 53 or 63 bits.
    number(name, static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX)));
  }
  /// Writes null for an empty value. Uses at most half of the remaining room, which leaves some for
  /// later values.
  void text(std::string_view name, std::string_view value) {
    key(name);
    if (value.empty()) {
      out_.append("null");
      return;
    }
    const std::size_t room = std::min((end_ - std::min(end_, out_.size())) / 2, value_max_);
    out_.push_back('"');
    append_escaped(out_, value, Escaping::kJson, out_.size() + room);
    out_.push_back('"');
  }
  void annotations(const std::vector<std::pair<std::string, std::string>>& entries) {
    key("annotations");
    out_.push_back('{');
    is_first_ = true;
    std::string name_escaped;
    for (const auto& [name, value] : entries) {
      // Escaping turns a byte of the name into up to six.
      if (end_ < out_.size() + 6 * kKeyMax + 64) break;
      name_escaped.clear();
      append_escaped(name_escaped, std::string_view(name).substr(0, kKeyMax), Escaping::kJson);
      text(name_escaped, value);
    }
    out_.push_back('}');
  }
  void close() { out_.push_back('}'); }

 private:
  /// Writes a name that needs no escaping.
  void key(std::string_view name) {
    if (!is_first_) out_.push_back(',');
    is_first_ = false;
    out_.append("\"").append(name).append("\":");
  }

  std::string& out_;
  std::size_t end_;
  std::size_t value_max_;
  bool is_first_ = true;
};

}  // namespace

void append_access_json(std::string& out, const AccessRecord& record, const LogTime& time,
                        pid_t pid, std::size_t size_max) {
  const HttpRequest* const request = record.request;
  char version[16];
  char user[256];
  ObjectWriter object(out, size_max);
  object.text("time", time.iso());
  object.number("pid", std::int64_t{pid});
  object.number("status", std::int64_t{record.status});
  object.number("bytes_sent", record.body_bytes_sent);
  if (record.cut != CutReason::kNone) object.text("cut", name_of(record.cut));
  object.number("bytes_received", record.bytes_received);
  object.number("duration_us", record.duration_us);
  object.number("queue_us", record.queue_us);
  object.number("first_byte_us", record.first_byte_us);
  if (record.handed_over > 0) object.number("handed_over", std::int64_t{record.handed_over});
  object.text("remote_address", record.remote_address);
  object.text("request_id", record.request_id);
  object.text("scheme", record.scheme);
  object.text("protocol", protocol(record, version));
  object.text("method", request == nullptr ? std::string_view() : request->method);
  object.text("host", request == nullptr ? std::string_view() : request->authority);
  object.text("target", request == nullptr ? std::string_view() : request->target);
  object.text("user", basic_auth_user(record, user));
  object.text("referer", request_field(record, "referer"));
  object.text("user_agent", request_field(record, "user-agent"));
  if (request == nullptr) object.text("request_line", record.request_line);
  if (record.annotations != nullptr && !record.annotations->empty()) {
    object.annotations(*record.annotations);
  }
  object.close();
}

}  // namespace alicorn
