#include "workers/log/request_metrics.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace alicorn {
namespace {

/// Milliseconds with three decimals: "12.345".
std::string_view milliseconds_text(std::int64_t duration_us, char (&buffer)[32]) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(duration_us, 0));
  char* end = std::to_chars(buffer, buffer + sizeof(buffer), us / 1000).ptr;
  *end++ = '.';
  for (const std::uint64_t unit : {100U, 10U, 1U}) {
    *end++ = static_cast<char>('0' + us / unit % 10);
  }
  return {buffer, static_cast<std::size_t>(end - buffer)};
}

}  // namespace

Result<std::unique_ptr<RequestMetrics>> RequestMetrics::start(const StatsdSettings& settings) {
  auto writer = LogWriter::start(std::make_unique<StatsdTarget>(settings), "statsd");
  if (!writer) return tl::unexpected(writer.error());
  std::unique_ptr<RequestMetrics> metrics(new RequestMetrics(settings, std::move(*writer)));
  metrics->text_.reserve(kStatsdDatagramMax);
  return metrics;
}

void RequestMetrics::count(int status, std::int64_t duration_us, bool app_failed) {
  ++requests_;
  if (app_failed) ++failures_;
  if (status >= 0 && static_cast<std::size_t>(status) < kStatusesMax) {
    ++statuses_[static_cast<std::size_t>(status)];
  }
  char buffer[32];
  text_.clear();
  lines_.append(text_, "request.duration", milliseconds_text(duration_us, buffer), "ms");
  writer_->append(text_);
}

void RequestMetrics::append_count(std::string_view name, std::uint64_t& count) {
  if (count == 0) return;
  text_.clear();
  lines_.append(text_, name, std::exchange(count, 0), "c");
  writer_->append(text_);
}

void RequestMetrics::flush() {
  if (requests_ != 0) {
    append_count("requests", requests_);
    for (std::size_t status = 0; status < kStatusesMax; ++status) {
      if (statuses_[status] == 0) continue;
      char name[32] = "request.status.";
      char* const digits = name + std::strlen(name);
      char* const end = std::to_chars(digits, name + sizeof(name), status).ptr;
      append_count({name, static_cast<std::size_t>(end - name)}, statuses_[status]);
    }
  }
  append_count("log.exception", failures_);
  text_.clear();
  log_lines_.append_new(lines_, text_);
  if (!text_.empty()) writer_->append(text_);
}

}  // namespace alicorn
