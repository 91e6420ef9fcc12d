#include "workers/replay/recorded_requests.hpp"

#include "workers/http/abi_string.hpp"
#include "workers/http/parser.hpp"

#include <algorithm>

namespace alicorn {
namespace {

using Progress = HttpParser::Progress;
using End = RecordedRequests::End;

constexpr std::size_t kPieceSize = 64 * 1024;

/// Shorter runs also occur in requests in which nothing was masked: "If-Match: *".
constexpr std::size_t kMaskSizeMin = 4;

bool is_mask(std::string_view value) {
  return value.size() >= kMaskSizeMin && value.find_first_not_of('*') == std::string_view::npos;
}

void note_masked(const HttpRequest& request, std::vector<std::string>& names) {
  for (const alicorn_field& field : request.fields) {
    if (!is_mask(as_view(field.value))) continue;
    std::string name(as_view(field.name));
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
}

/// Removes one body from the front of `bytes`.
Progress skip_body(HttpParser& parser, std::string_view& bytes) {
  Progress progress = Progress::kNeedMore;
  std::string body;
  while (progress == Progress::kNeedMore && !bytes.empty()) {
    body.clear();
    progress = parser.parse_body(bytes.data(), std::min(bytes.size(), kPieceSize), body);
    bytes.remove_prefix(parser.consumed());
  }
  return progress;
}

}  // namespace

RecordedRequests examine_recording(std::string_view bytes, const WorkerSettings& settings) {
  RecordedRequests recording;
  const std::size_t size = bytes.size();
  HttpParser parser(settings.limits, settings.header_map);
  const auto refused = [&] {
    recording.end = End::kRefused;
    recording.status = parser.status();
    recording.reason = parser.reason();
  };
  const std::size_t head_max =
      std::size_t{settings.limits.head_size_max} + settings.limits.request_line_max;
  for (; !bytes.empty(); parser.reset()) {
    std::string head(bytes.substr(0, head_max));  // a copy: the parser lowers names in place
    const Progress progress = parser.parse_head(head.data(), head.size());
    if (progress == Progress::kRejected) {
      refused();
      return recording;
    }
    if (progress == Progress::kNeedMore) {
      if (parser.started()) recording.end = End::kInHead;
      return recording;
    }
    bytes.remove_prefix(parser.consumed());
    note_masked(parser.request(), recording.masked);
    const std::int32_t method = parser.request().method_id;
    const Progress body =
        parser.request().has_body() ? skip_body(parser, bytes) : Progress::kComplete;
    if (body == Progress::kRejected) {
      refused();
      return recording;
    }
    if (body == Progress::kNeedMore) {
      recording.end = End::kInBody;
      return recording;
    }
    recording.methods.push_back(method);
    recording.ends.push_back(size - bytes.size());
  }
  return recording;
}

std::string describe_recording(const RecordedRequests& recording) {
  const std::size_t count = recording.methods.size();
  std::string text = std::to_string(count) + (count == 1 ? " request" : " requests");
  if (recording.end == End::kWhole) return text;
  const std::string more = count == 0 ? "" : text + ", and ";
  if (recording.end == End::kInHead) return more + "a head without its end";
  if (recording.end == End::kInBody) return more + "a request whose body is not complete";
  return more + "what the server refuses with " + std::to_string(recording.status) + ": " +
         std::string(recording.reason);
}

}  // namespace alicorn
