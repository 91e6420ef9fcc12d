#include "settings/reader.hpp"

#include "settings/names.hpp"
#include "settings/values.hpp"

#include <cstdlib>
#include <limits>

namespace jwt_auth {
namespace {

constexpr std::string_view kDurationForm = "is not a duration (300, 30s, 5m, 1h, 1 day)";

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string below(std::string_view name, std::string_view member) {
  return std::string(name).append(1, '.').append(member);
}

std::string path_of_index(std::string_view name, std::size_t index) {
  return below(name, std::to_string(index));
}

}  // namespace

const std::string* SettingsReader::find(std::string_view name) {
  asked_.emplace(name);
  const auto found = map_.find(name);
  return found == map_.end() ? nullptr : &found->second;
}

bool SettingsReader::has(std::string_view name) const {
  if (map_.contains(name)) return true;
  const std::string prefix = below(name, "");
  const auto next = map_.lower_bound(prefix);
  return next != map_.end() && next->first.starts_with(prefix);
}

void SettingsReader::note(std::string_view name, std::string_view problem) {
  problems_.push_back("app." + std::string(name) + ' ' + std::string(problem));
}

void SettingsReader::note_value(std::string_view name, std::string_view value,
                                std::string_view problem) {
  problems_.push_back("app." + std::string(name) + ": " + quoted(value) + ' ' +
                      std::string(problem));
}

void SettingsReader::read(std::string_view name, std::string& target) {
  if (const std::string* text = find(name)) target = *text;
}

void SettingsReader::read(std::string_view name, bool& target) {
  const std::string* text = find(name);
  if (text == nullptr) return;
  const auto value = parse_switch(*text);
  if (!value) return note_value(name, *text, "is neither true nor false");
  target = *value;
}

void SettingsReader::read(std::string_view name, seconds& target, seconds least) {
  const std::string* text = find(name);
  if (text == nullptr) return;
  const auto value = parse_duration(*text);
  if (!value) return note_value(name, *text, kDurationForm);
  if (*value < least) return note_value(name, *text, "is too short");
  target = *value;
}

void SettingsReader::read(std::string_view name, std::uint32_t& target, std::uint32_t least) {
  const std::string* text = find(name);
  if (text == nullptr) return;
  const auto value = parse_count(*text, std::numeric_limits<std::uint32_t>::max());
  if (!value || *value < least) {
    return note_value(name, *text, "is not a number of at least " + std::to_string(least));
  }
  target = static_cast<std::uint32_t>(*value);
}

void SettingsReader::read(std::string_view name, Rate& target) {
  const std::string* text = find(name);
  if (text == nullptr) return;
  const auto value = parse_rate(*text);
  if (!value) return note_value(name, *text, "is not a rate (5/minute, 100/hour, 10/30s)");
  target = *value;
}

void SettingsReader::read(std::string_view name, KeySource& target) {
  read(name, target.secret);
  read(below(name, "secret"), target.secret);
  read(below(name, "file"), target.file);
  read(below(name, "environment"), target.environment);
  read(below(name, "kid"), target.kid);
  read(below(name, "algorithm"), target.algorithm);
}

void SettingsReader::read(std::string_view name, std::vector<KeySource>& target) {
  if (const std::string* text = find(name)) {
    if (!text->empty()) note(name, "is a list: put a \"-\" before the key");
    return;
  }
  for (std::size_t index = 0; has(path_of_index(name, index)); ++index) {
    read(path_of_index(name, index), target.emplace_back());
  }
}

void SettingsReader::read(std::string_view name, std::vector<std::string>& target) {
  if (const std::string* text = find(name)) {
    target.clear();
    if (!text->empty()) target.push_back(*text);
    return;
  }
  if (!has(path_of_index(name, 0))) return;
  target.clear();
  for (std::size_t index = 0;; ++index) {
    const std::string path = path_of_index(name, index);
    const std::string* text = find(path);
    if (text == nullptr) return;
    if (text->empty()) note(path, "is empty");
    target.push_back(*text);
  }
}

void SettingsReader::read(std::string_view name, std::optional<std::string>& target) {
  const std::string* text = find(name);
  if (text == nullptr) return;
  target = text->empty() ? std::nullopt : std::optional(*text);
}

void SettingsReader::read_database(DatabaseSettings& target) {
  const std::string* url = find("database.url");
  if (url == nullptr) url = find("database");
  std::string name = "database.url";
  std::string in_environment;
  if (const std::string* variable = find("database.environment")) {
    if (url != nullptr)
      return note("database", "has both a \"url\" and an \"environment\"; give one");
    name = "database.environment";
    const char* value = std::getenv(variable->c_str());
    in_environment = value == nullptr ? "" : value;
    if (in_environment.empty()) {
      return note_value(name, *variable, "is not set in the environment, or is empty");
    }
    url = &in_environment;
  }
  // The URL may contain a password, so it is not shown.
  if (url != nullptr) {
    if (auto database = parse_database_url(*url)) {
      target = *std::move(database);
    } else {
      note(name,
           "must be sqlite:///absolute/path, sqlite:relative.db, postgresql://... or "
           "\"host=/run/postgresql dbname=...\"");
    }
  }
  read("database.timeout", target.timeout, seconds(1));
}

void SettingsReader::note_unknown(const std::string& name) {
  if (const std::string why = why_not_applicable(name); !why.empty()) return note(name, why);
  std::vector<std::string_view> known(asked_.begin(), asked_.end());
  const std::string_view nearest = nearest_name(name, known);
  note(name, nearest.empty() ? std::string("is not a setting")
                             : "is not a setting; did you mean \"" + std::string(nearest) + "\"?");
}

void SettingsReader::finish() {
  // Everything below an unknown name belongs to the same mistake.
  std::set<std::string, std::less<>> unknown;
  for (const auto& [name, value] : map_) {
    if (asked_.contains(name)) continue;
    const std::string top = name.substr(0, name.find('.'));
    const bool is_top_known = [&] {
      const auto next = asked_.lower_bound(top);
      return next != asked_.end() && (*next == top || next->starts_with(top + '.'));
    }();
    unknown.insert(is_top_known ? name : top);
  }
  for (const std::string& name : unknown) note_unknown(name);
  if (problems_.empty()) return;
  std::string message;
  for (const std::string& problem : problems_) {
    if (!message.empty()) message += '\n';
    message += problem;
  }
  throw SettingsError(message);
}

}  // namespace jwt_auth
