// Takes settings out of the flattened map one by one, and notes everything wrong. Any process.
#pragma once

#include "settings/settings.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// Each read() leaves the target unchanged if the map has no such name, or a wrong value.
class SettingsReader {
 public:
  explicit SettingsReader(const SettingsMap& map) : map_(map) {}

  void read(std::string_view name, std::string& target);
  void read(std::string_view name, bool& target);
  void read(std::string_view name, seconds& target, seconds least = seconds(0));
  void read(std::string_view name, std::uint32_t& target, std::uint32_t least);
  void read(std::string_view name, Rate& target);
  void read(std::string_view name, KeySource& target);
  void read(std::string_view name, std::vector<KeySource>& target);
  /// "name.0", "name.1", ... or one text; an empty text is an empty list.
  void read(std::string_view name, std::vector<std::string>& target);
  /// A claim that may be switched off with null (an empty text in the map).
  void read(std::string_view name, std::optional<std::string>& target);
  void read_database(DatabaseSettings& target);

  /// The map has `name`, or something below it.
  bool has(std::string_view name) const;
  void note(std::string_view name, std::string_view problem);
  /// Throws SettingsError with everything that was noted, unknown names included.
  void finish();

 private:
  const std::string* find(std::string_view name);
  void note_value(std::string_view name, std::string_view value, std::string_view problem);
  void note_unknown(const std::string& name);

  const SettingsMap& map_;
  std::set<std::string, std::less<>> asked_;
  std::vector<std::string> problems_;
};

}  // namespace jwt_auth
