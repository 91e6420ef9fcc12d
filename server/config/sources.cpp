#include "server/config/sources.hpp"

#include "server/config/settings_table.hpp"

namespace alicorn {

Error named_by_source(Error error, const Sources& sources) {
  const std::string text = error.text();
  const std::string_view key = std::string_view(text).substr(0, text.find_first_of(": "));
  const auto found = sources.find(key);
  if (found == sources.end()) return error;
  const std::string& source = found->second;
  const std::string rest = text.substr(key.size());
  if (source.find(':') != std::string::npos) return {{}, source + ": " + text};
  const std::string flag(long_flag(find_setting(key)->flags));
  if (source == kFromArguments) return {{}, flag + rest};
  if (source == kFromCommandVariable) return {{}, source + ": " + flag + rest};
  return {{}, source + rest};  // a variable that belongs to this setting only
}

}  // namespace alicorn
