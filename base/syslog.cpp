#include "base/syslog.hpp"

#include <algorithm>
#include <cstdio>

#include <time.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// Both formats use blanks as separators, and RFC 5424 requires visible ASCII.
std::string without_blanks(std::string_view text, std::size_t size_max) {
  std::string safe(text.substr(0, size_max));
  std::replace_if(
      safe.begin(), safe.end(), [](char c) { return c <= ' ' || c > '~' || c == ':' || c == '['; },
      '_');
  return safe.empty() ? "-" : safe;
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof(name) - 1);
  return without_blanks(name, sizeof(name));
}

// strftime would use the names of the process's locale.
constexpr const char* kMonthNames[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

Syslog::Syslog(const SyslogSettings& settings, std::string_view log)
    : socket_(settings.address),
      is_local_(settings.address.is_unix()),
      facility_(settings.facility) {
  // RFC 5424 allows names of this length.
  const std::string tag =
      without_blanks(settings.name, 48 - log.size() - 1).append(".").append(log);
  const std::string pid = std::to_string(::getpid());
  origin_ = is_local_ ? tag + "[" + pid + "]: " : host_name() + " " + tag + " " + pid + " - - ";
}

/// <14>Nov 26 18:30:00 alicorn.shop.error[123]:
/// <14>1 2026-11-26T18:30:00.123456+01:00 host alicorn.shop.error 123 - -
std::string_view Syslog::header(Severity severity) {
  const int priority = facility_ * 8 + static_cast<int>(severity);
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  tm local{};
  ::localtime_r(&time.tv_sec, &local);
  int size = 0;
  if (is_local_) {
    size = std::snprintf(header_, sizeof(header_), "<%d>%s %2d %02d:%02d:%02d %s", priority,
                         kMonthNames[local.tm_mon], local.tm_mday, local.tm_hour, local.tm_min,
                         local.tm_sec, origin_.c_str());
  } else {
    const long offset = local.tm_gmtoff / 60;
    const long distance = offset < 0 ? -offset : offset;
    size = std::snprintf(header_, sizeof(header_),
                         "<%d>1 %04d-%02d-%02dT%02d:%02d:%02d.%06ld%c%02ld:%02ld %s", priority,
                         local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, local.tm_hour,
                         local.tm_min, local.tm_sec, time.tv_nsec / 1000, offset < 0 ? '-' : '+',
                         distance / 60, distance % 60, origin_.c_str());
  }
  return {header_, std::min(static_cast<std::size_t>(std::max(size, 0)), sizeof(header_) - 1)};
}

int Syslog::send(Severity severity, std::string_view message) {
  return socket_.send({header(severity), message.substr(0, kMessageMax)});
}

}  // namespace alicorn
