#include "server/arbiter/report/master_metrics.hpp"

#include <algorithm>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace alicorn {
namespace {

constexpr seconds kInterval{5};
/// Changes within this time are reported together.
constexpr milliseconds kPause{200};

}  // namespace

void MasterMetrics::configure(const StatsdSettings& settings) {
  const bool same = settings.enabled == settings_.enabled &&
                    settings.address == settings_.address && settings.prefix == settings_.prefix &&
                    settings.tags == settings_.tags;
  if (same) return;
  settings_ = settings;
  socket_.reset();
  if (!settings.enabled) return;
  socket_.emplace(settings.address);
  lines_.emplace(settings);
  workers_told_.reset();
  next_ = {};
}

milliseconds MasterMetrics::time_to_next(MonotonicTime time) const {
  if (!socket_) return milliseconds::max();
  return std::max(std::chrono::ceil<milliseconds>(next_ - time), milliseconds(0));
}

void MasterMetrics::report(std::uint32_t workers, const Listeners& listeners, MonotonicTime time) {
  if (!socket_) return;
  const bool changed = workers != workers_told_;
  if (changed && workers_told_) next_ = std::min(next_, time + kPause);
  if (time < next_) return;
  next_ = time + kInterval;
  workers_told_ = workers;
  text_.clear();
  append_gauges(workers, listeners);
  log_lines_.append_new(*lines_, text_);
  // What a receiver with a full queue misses now, it gets in five seconds.
  send_lines(*socket_, text_);
}

void MasterMetrics::append_gauges(std::uint32_t workers, const Listeners& listeners) {
  lines_->append(text_, "workers", workers, "g");
  std::optional<std::uint64_t> backlog;
  for (const auto& listener : listeners) {
    if (const auto waiting = backlog_of(*listener)) backlog = backlog.value_or(0) + *waiting;
  }
  if (backlog) lines_->append(text_, "backlog", *backlog, "g");
}

std::optional<std::uint32_t> backlog_of(const Listener& listener) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  // For a listening socket this is the length of its queue.
  if (::getsockopt(listener.fd.get(), IPPROTO_TCP, TCP_INFO, &info, &size) < 0) return std::nullopt;
  return info.tcpi_unacked;
}

}  // namespace alicorn
