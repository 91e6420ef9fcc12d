#include "server/config/field.hpp"

#include <algorithm>

namespace alicorn {
namespace {

std::string allowed_range(std::string_view what, const std::string& min, const std::string& max,
                          Zero zero) {
  std::string text = zero == Zero::kIsOff ? "0 (off) or " : "";
  return text.append(what).append(" from ").append(min).append(" to ").append(max);
}

}  // namespace

tl::unexpected<Error> not_allowed(std::string_view allowed, std::string_view found) {
  // Enough for operators to recognise what they wrote; they need not read all of it again.
  constexpr std::size_t kFoundMax = 60;
  std::string text("must be ");
  text.append(allowed).append(", not \"").append(found.substr(0, kFoundMax));
  return fail(std::move(text.append(found.size() > kFoundMax ? "...\"" : "\"")));
}

std::string allowed_count(std::uint64_t min, std::uint64_t max, Zero zero) {
  if (max == std::numeric_limits<std::uint64_t>::max()) {
    return zero == Zero::kIsOff ? "0 (off) or a whole number" : "a whole number";
  }
  return allowed_range("a whole number", std::to_string(min), std::to_string(max), zero);
}

std::string allowed_size(std::uint64_t min, std::uint64_t max, Zero zero) {
  return allowed_range("a size", print_size(min), print_size(max), zero);
}

std::string allowed_duration(milliseconds min, milliseconds max, Zero zero) {
  return allowed_range("seconds", print_duration(min), print_duration(max), zero);
}

std::string allowed_names(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

Result<NamedTexts> split_named_texts(const Values& values) {
  NamedTexts pairs;
  std::vector<std::string_view> names;
  pairs.reserve(values.size());
  for (const std::string& value : values) {
    const std::size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0) return not_allowed("NAME=VALUE", value);
    pairs.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    names.emplace_back(std::string_view(value).substr(0, equals));
  }
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    return fail("names \"" + std::string(*twice) + "\" twice");
  }
  return pairs;
}

Result<void> require_one_line(std::string_view text) {
  const auto is_fine = [](char c) {
    return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
  };
  if (std::all_of(text.begin(), text.end(), is_fine)) return {};
  return fail("must not contain a line end or another control character");
}

Values join_named_texts(const NamedTexts& pairs) {
  Values values;
  values.reserve(pairs.size());
  for (const auto& [name, text] : pairs) values.push_back(name + '=' + text);
  return values;
}

}  // namespace alicorn
