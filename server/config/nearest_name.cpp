#include "server/config/nearest_name.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

namespace alicorn {
namespace {

bool same(char a, char b) {
  return a == b || ((a == '-' || a == '_') && (b == '-' || b == '_'));
}

/// Optimal string alignment distance; only three rows of the matrix are kept.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before_last(to.size() + 1);
  std::vector<std::size_t> last(to.size() + 1);
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (same(from[i - 1], to[j - 1]) ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && same(from[i - 1], to[j - 2]) && same(from[i - 2], to[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[to.size()];
}

/// The length of a name without the leading dashes of a flag, which are never mistyped.
std::size_t letters_of(std::string_view name) {
  return name.size() - std::min(name.find_first_not_of('-'), name.size());
}

/// The largest distance at which a candidate may still be the name that was meant.
std::size_t distance_max(std::string_view name) {
  const std::size_t letters = letters_of(name);
  return letters <= 4 ? 1 : std::max<std::size_t>(2, letters / 3);
}

/// "on_start" for "on_starting". The missing part must not be longer than the part that is there.
bool is_cut_short(std::string_view name, std::string_view candidate) {
  return candidate.starts_with(name) && letters_of(candidate) <= 2 * letters_of(name);
}

}  // namespace

std::string_view nearest_name(std::string_view name,
                              const std::vector<std::string_view>& candidates) {
  // A very long name is no typing error, and the work grows with its length.
  constexpr std::size_t kLongest = 64;
  if (name.size() > kLongest) return {};
  std::string_view nearest;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate);
    const bool is_near = distance <= distance_max(name) || is_cut_short(name, candidate);
    if (is_near && distance < fewest) {
      fewest = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace alicorn
