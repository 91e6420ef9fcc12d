#include "store/time_text.hpp"

#include <array>
#include <cstdio>

namespace jwt_auth {

std::string time_text(Time time, DatabaseSettings::Kind kind) {
  using std::chrono::floor;
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  std::string out(text.data(), static_cast<std::size_t>(size));
  if (const auto fraction = clock.subseconds().count(); fraction != 0) {
    size = std::snprintf(text.data(), text.size(), ".%06d", static_cast<int>(fraction));
    out.append(text.data(), static_cast<std::size_t>(size));
  }
  if (kind == DatabaseSettings::Kind::kPostgresql) out += "+00";
  return out;
}

}  // namespace jwt_auth
