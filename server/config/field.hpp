// The kinds of values a setting can have: how text becomes a member of Config, how the member is
// printed, and what is allowed. Master.
#pragma once

#include "base/result.hpp"
#include "server/config/config.hpp"
#include "server/config/values.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace alicorn {

/// A setting's value as text, whatever its source: one item, the items of a list, or the
/// "NAME=VALUE" pairs of a map.
using Values = std::vector<std::string>;
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

struct Field {
  enum class Shape {
    kOne,
    kSwitch,  ///< takes no value on the command line
    kList,    ///< repeatable flag, YAML list
    kMap,     ///< repeatable flag NAME=VALUE, YAML map
    kTree,    ///< YAML only: any nesting, flattened to "a.b.0=VALUE"
  };
  enum class Style { kPlain, kQuoted };  ///< in YAML

  Shape shape = Shape::kOne;
  Style style = Style::kPlain;
  std::string allowed;  ///< completes "must be ..."
  /// Replaces the member. An Error completes the sentence "KEY ...": "must be ..., not ...".
  std::function<Result<void>(Config&, const Values&)> set;
  /// Inverse of `set`: set(get()) changes nothing.
  std::function<Values(const Config&)> get;
};

enum class Zero { kIsNumber, kIsOff };

/// `must be <allowed>, not "<found>"`
tl::unexpected<Error> not_allowed(std::string_view allowed, std::string_view found);
std::string allowed_count(std::uint64_t min, std::uint64_t max, Zero zero);
std::string allowed_size(std::uint64_t min, std::uint64_t max, Zero zero);
std::string allowed_duration(milliseconds min, milliseconds max, Zero zero);
std::string allowed_names(const std::vector<std::string_view>& names);
/// Splits "NAME=VALUE" texts. An empty name, or a name that is given twice, is an Error.
Result<NamedTexts> split_named_texts(const Values& values);
Values join_named_texts(const NamedTexts& pairs);
/// Paths, names and formats end up in log lines and messages. A line end in one of them, such as
/// YAML's "|" leaves behind, is always a mistake.
Result<void> require_one_line(std::string_view text);

// Below, `access` is a captureless generic lambda. It takes a Config& or const Config& and returns
// a reference to the member.

template <class Access>
Field count_field(Access access, std::uint64_t min, std::uint64_t max,
                  Zero zero = Zero::kIsNumber) {
  using Number = std::remove_reference_t<decltype(access(std::declval<Config&>()))>;
  Field field;
  field.allowed = allowed_count(min, max, zero);
  field.set = [=, allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    const auto count = parse_count(values.front());
    const bool off = count == 0 && zero == Zero::kIsOff;
    if (!count || (!off && *count < min) || *count > max) {
      return not_allowed(allowed, values.front());
    }
    access(config) = static_cast<Number>(*count);
    return {};
  };
  field.get = [=](const Config& config) { return Values{std::to_string(access(config))}; };
  return field;
}

template <class Access>
Field size_field(Access access, std::uint64_t min, std::uint64_t max, Zero zero = Zero::kIsNumber) {
  using Number = std::remove_reference_t<decltype(access(std::declval<Config&>()))>;
  Field field;
  field.allowed = allowed_size(min, max, zero);
  const std::string allowed = field.allowed + ", in bytes or in " + std::string(kSizeUnitNames);
  field.set = [=](Config& config, const Values& values) -> Result<void> {
    const auto bytes = parse_size(values.front());
    const bool off = bytes == 0 && zero == Zero::kIsOff;
    if (!bytes || (!off && *bytes < min) || *bytes > max) {
      return not_allowed(allowed, values.front());
    }
    access(config) = static_cast<Number>(*bytes);
    return {};
  };
  field.get = [=](const Config& config) { return Values{print_size(access(config))}; };
  return field;
}

template <class Access>
Field duration_field(Access access, milliseconds min, milliseconds max,
                     Zero zero = Zero::kIsNumber) {
  Field field;
  field.allowed = allowed_duration(min, max, zero);
  field.set = [=, allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    const auto duration = parse_duration(values.front());
    const bool off = duration == milliseconds(0) && zero == Zero::kIsOff;
    if (!duration || (!off && *duration < min) || *duration > max) {
      return not_allowed(allowed, values.front());
    }
    access(config) = *duration;
    return {};
  };
  field.get = [=](const Config& config) { return Values{print_duration(access(config))}; };
  return field;
}

template <class Access>
Field switch_field(Access access) {
  Field field;
  field.shape = Field::Shape::kSwitch;
  field.allowed = "true or false";
  field.set = [=, allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    const auto on = parse_switch(values.front());
    if (!on) return not_allowed(allowed, values.front());
    access(config) = *on;
    return {};
  };
  field.get = [=](const Config& config) { return Values{access(config) ? "true" : "false"}; };
  return field;
}

template <class Access>
Field text_field(Access access, std::string allowed) {
  Field field;
  field.style = Field::Style::kQuoted;
  field.allowed = std::move(allowed);
  field.set = [=](Config& config, const Values& values) -> Result<void> {
    if (auto fine = require_one_line(values.front()); !fine) return fine;
    access(config) = values.front();
    return {};
  };
  field.get = [=](const Config& config) { return Values{access(config)}; };
  return field;
}

template <class Access, class Choice>
Field choice_field(Access access,
                   std::initializer_list<std::pair<std::string_view, Choice>> choices) {
  std::vector<std::string_view> names;
  for (const auto& [name, choice] : choices) names.push_back(name);
  Field field;
  field.allowed = allowed_names(names);
  const std::vector<std::pair<std::string_view, Choice>> known(choices);
  field.set = [=, allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    for (const auto& [name, choice] : known) {
      if (name != values.front()) continue;
      access(config) = choice;
      return {};
    }
    return not_allowed(allowed, values.front());
  };
  field.get = [=](const Config& config) {
    Values values;
    for (const auto& [name, choice] : known) {
      if (choice == access(config)) values.assign(1, std::string(name));
    }
    return values;
  };
  return field;
}

template <class Access>
Field named_texts_field(Access access, Field::Shape shape, std::string allowed) {
  Field field;
  field.shape = shape;
  field.style = Field::Style::kQuoted;
  field.allowed = std::move(allowed);
  field.set = [=](Config& config, const Values& values) -> Result<void> {
    auto pairs = split_named_texts(values);
    if (!pairs) return tl::unexpected(std::move(pairs.error()));
    access(config) = std::move(*pairs);
    return {};
  };
  field.get = [=](const Config& config) { return join_named_texts(access(config)); };
  return field;
}

}  // namespace alicorn
