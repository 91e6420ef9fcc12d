#include "workers/http/date.hpp"

#include <chrono>
#include <cstring>

namespace alicorn {
namespace {

// Our own tables: strftime would use the names of the process's locale.
constexpr char kDayNames[] = "SunMonTueWedThuFriSat";
constexpr char kMonthNames[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void put_two_digits(char* target, unsigned value) {
  target[0] = static_cast<char>('0' + value / 10 % 10);
  target[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

void HttpDate::refresh(std::int64_t unix_seconds) {
  namespace chrono = std::chrono;
  if (unix_seconds == second_) return;
  second_ = unix_seconds;
  const chrono::sys_seconds time{chrono::seconds{unix_seconds}};
  const chrono::sys_days day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss clock{time - day};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));

  std::memcpy(text_, "Sun, 00 Jan 0000 00:00:00 GMT", sizeof(text_));
  std::memcpy(text_, kDayNames + 3 * chrono::weekday{day}.c_encoding(), 3);
  put_two_digits(text_ + 5, static_cast<unsigned>(date.day()));
  std::memcpy(text_ + 8, kMonthNames + 3 * (static_cast<unsigned>(date.month()) - 1), 3);
  put_two_digits(text_ + 12, year / 100);
  put_two_digits(text_ + 14, year % 100);
  put_two_digits(text_ + 17, static_cast<unsigned>(clock.hours().count()));
  put_two_digits(text_ + 20, static_cast<unsigned>(clock.minutes().count()));
  put_two_digits(text_ + 23, static_cast<unsigned>(clock.seconds().count()));
}

}  // namespace alicorn
