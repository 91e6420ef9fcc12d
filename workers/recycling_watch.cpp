#include "workers/recycling_watch.hpp"

#include "base/log.hpp"
#include "base/result.hpp"

#include <array>
#include <charconv>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr milliseconds kLookInterval{1'000};
/// Workers that were started together are not to be replaced together.
constexpr double kAgeJitter = 0.1;
constexpr std::uint64_t kMiB = 1 << 20;

}  // namespace

RecyclingWatch::RecyclingWatch(const WorkerSettings& settings, std::uint64_t seed,
                               MonotonicTime started)
    : rss_max_(settings.rss_max), next_look_(started) {
  std::mt19937_64 random(seed);
  if (settings.requests_max != 0) {
    std::uniform_int_distribution<std::uint64_t> jitter(0, settings.requests_jitter);
    requests_max_ = settings.requests_max + jitter(random);
  }
  if (settings.age_max.count() != 0) {
    std::uniform_real_distribution<double> share(1.0 - kAgeJitter, 1.0);
    const double age_ms = static_cast<double>(settings.age_max.count()) * share(random);
    leave_at_ = started + milliseconds(static_cast<std::int64_t>(age_ms));
  }
  if (rss_max_ != 0) open_statm();
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

/// In pages: "SIZE RESIDENT SHARED ...".
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
