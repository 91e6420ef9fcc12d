#include "workers/log/log_time.hpp"

#include <cstring>

#include <time.h>

namespace alicorn {
namespace {

// Our own table, because strftime would use the names of the process's locale.
constexpr char kMonthNames[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void put_digits(char* target, std::size_t count, long value) {
  for (; count > 0; value /= 10) target[--count] = static_cast<char>('0' + value % 10);
}

}  // namespace

void LogTime::refresh(std::int64_t wall_us) {
  const std::int64_t second = wall_us / 1'000'000;
  constexpr std::size_t kMillisecondsAt = 20;
  if (second != second_) {
    second_ = second;
    const time_t time = second;
    tm local{};
    ::localtime_r(&time, &local);
    const long offset = local.tm_gmtoff / 60;
    const long zone =
        (offset < 0 ? -offset : offset) / 60 * 100 + (offset < 0 ? -offset : offset) % 60;
    const char sign = offset < 0 ? '-' : '+';
    const long year = local.tm_year + 1900L;

    std::memcpy(common_, "[00/Jan/0000:00:00:00 +0000]", sizeof(common_));
    put_digits(common_ + 1, 2, local.tm_mday);
    std::memcpy(common_ + 4, kMonthNames + std::ptrdiff_t{3} * local.tm_mon, 3);
    put_digits(common_ + 8, 4, year);
    put_digits(common_ + 13, 2, local.tm_hour);
    put_digits(common_ + 16, 2, local.tm_min);
    put_digits(common_ + 19, 2, local.tm_sec);
    common_[22] = sign;
    put_digits(common_ + 23, 4, zone);

    std::memcpy(iso_, "0000-00-00T00:00:00.000+00:00", sizeof(iso_));
    put_digits(iso_, 4, year);
    put_digits(iso_ + 5, 2, local.tm_mon + 1L);
    put_digits(iso_ + 8, 2, local.tm_mday);
    std::memcpy(iso_ + 11, common_ + 13, 8);
    iso_[23] = sign;
    put_digits(iso_ + 24, 2, zone / 100);
    put_digits(iso_ + 27, 2, zone % 100);
  }
  put_digits(iso_ + kMillisecondsAt, 3, static_cast<long>(wall_us / 1000 % 1000));
}

}  // namespace alicorn
