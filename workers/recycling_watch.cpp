#include "workers/recycling_watch.hpp"

#include "base/log.hpp"
#include "base/result.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <random>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr milliseconds kLookInterval{1'000};
/// Workers that were started together should not be replaced together.
constexpr double kAgeJitter = 0.1;
constexpr std::uint64_t kMiB = 1 << 20;
/// The first look comes after this fraction of the number, in case a start takes long.
constexpr std::uint64_t kFirstPart = 8;
/// Start a replacement earlier than necessary by this factor, so that it is seldom late.
constexpr double kHeadStart = 1.25;
constexpr milliseconds kHeadStartMin{20};
constexpr milliseconds kIdleGraceMin{100};

}  // namespace

RecyclingWatch::RecyclingWatch(const WorkerSettings& settings, std::uint64_t seed,
                               MonotonicTime started)
    : rss_max_(settings.rss_max), started_(started), ready_at_(started), next_look_(started) {
  std::mt19937_64 random(seed);
  if (settings.requests_max != 0) {
    std::uniform_int_distribution<std::uint64_t> jitter(0, settings.requests_jitter);
    requests_max_ = settings.requests_max + jitter(random);
    next_look_at_ = std::max<std::uint64_t>(requests_max_ / kFirstPart, 1);
  }
  if (settings.age_max.count() != 0) {
    std::uniform_real_distribution<double> share(1.0 - kAgeJitter, 1.0);
    const double age_ms = static_cast<double>(settings.age_max.count()) * share(random);
    leave_at_ = started + milliseconds(static_cast<std::int64_t>(age_ms));
  }
  if (rss_max_ != 0) open_statm();
}

void RecyclingWatch::note_ready(MonotonicTime now) {
  ready_at_ = last_look_ = now;
}

RecyclingWish RecyclingWatch::look_at_number(MonotonicTime now) {
  if (served_ >= requests_max_) {
    next_look_at_ = kNever;
    return RecyclingWish::kAtNumber;
  }
  using Seconds = std::chrono::duration<double>;
  const Seconds passed = now - last_look_;
  const auto left = static_cast<double>(requests_max_ - served_);
  const Seconds time_left = passed * (left / static_cast<double>(served_ - last_look_at_));
  const Seconds start =
      std::max<Seconds>(kHeadStart * Seconds(ready_at_ - started_), kHeadStartMin);
  last_look_ = now;
  last_look_at_ = served_;
  if (time_left <= start) {
    next_look_at_ = requests_max_;
    return RecyclingWish::kNearNumber;
  }
  // Look again at half of the distance, because the rate may change.
  const double way = left * (1.0 - start / time_left);
  next_look_at_ = served_ + std::max<std::uint64_t>(static_cast<std::uint64_t>(way / 2), 1);
  return RecyclingWish::kNone;
}

milliseconds RecyclingWatch::idle_grace(MonotonicTime now, milliseconds most) const {
  const bool goes_for_number = next_look_at_ >= requests_max_ && requests_max_ != kNever;
  if (!goes_for_number) return most;
  const auto served_for = std::chrono::duration_cast<milliseconds>(now - ready_at_);
  return std::clamp(served_for / 2, std::min(kIdleGraceMin, most), most);
}

void RecyclingWatch::open_statm() {
  constexpr const char* kPath = "/proc/self/statm";
  auto statm = adopt(::open(kPath, O_RDONLY | O_CLOEXEC), kPath);
  if (statm) {
    statm_ = std::move(*statm);
  } else {
    log::warning("max_worker_rss does nothing: " + statm.error().text());
  }
}

std::string RecyclingWatch::look(MonotonicTime now, const std::function<void()>& trim) {
  if (now < next_look_) return {};
  next_look_ = now + kLookInterval;
  if (leave_at_ != MonotonicTime{} && now >= leave_at_) return "max_worker_age";
  if (!statm_) return {};
  const std::uint64_t size = resident_size();
  const bool is_too_large = size > rss_max_;
  const bool had_trimmed = std::exchange(has_trimmed_, is_too_large);
  if (!is_too_large) return {};
  if (!had_trimmed) {
    trim();
    return {};
  }
  return "max_worker_rss: " + std::to_string(size / kMiB) + " MiB resident";
}

/// The file has pages: "SIZE RESIDENT SHARED ...".
std::uint64_t RecyclingWatch::resident_size() const {
  std::array<char, 128> text;  // NOLINT: filled by pread
  const ssize_t size = ::pread(statm_.get(), text.data(), text.size(), 0);
  const std::string_view line(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t begin = line.find(' ') + 1;
  std::uint64_t pages = 0;
  std::from_chars(line.data() + begin, line.data() + line.size(), pages);
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace alicorn
