#include "admin/config_edit.hpp"

#include "admin/config_file.hpp"
#include "admin/failure.hpp"
#include "jose/json.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

namespace jwt_auth::admin {
namespace {

constexpr const char* kHidden = "\"...\"  # the current one";

/// YAML reads JSON's escapes in double quotes.
std::string quoted(const std::string& text) {
  return dump_ascii(boost::json::value(text));
}

void append_key(const KeySource& key, const std::string& first, const std::string& indent,
                Secrets secrets, std::string& out) {
  std::string lead = first;
  const auto line = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    const bool is_hidden = secrets == Secrets::kHidden && std::string_view(name) == "secret";
    out += lead + name + ": " + (is_hidden ? kHidden : quoted(value)) + '\n';
    lead = indent;
  };
  line("secret", key.secret);
  line("file", key.file);
  line("environment", key.environment);
  line("kid", key.kid);
  line("algorithm", key.algorithm);
}

struct Lines {
  std::size_t begin = 0, end = 0;  ///< the first line, and the one past the last
};

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
    lines.push_back(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return lines;
}

/// A comment before an entry describes that entry.
bool belongs_to_next(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(" \t\r\n");
  return begin == std::string::npos || line[begin] == '#';
}

/// The entries of the section app, by name.
std::map<std::string, Lines> entries_of_app(const YAML::Node& root,
                                            const std::vector<std::string>& lines) {
  std::vector<std::size_t> starts{lines.size()};
  for (const auto& entry : root) {
    starts.push_back(static_cast<std::size_t>(entry.first.Mark().line));
  }
  const YAML::Node app = root["app"];
  for (const auto& entry : app) {
    starts.push_back(static_cast<std::size_t>(entry.first.Mark().line));
  }
  std::sort(starts.begin(), starts.end());
  std::map<std::string, Lines> entries;
  for (const auto& entry : app) {
    Lines range;
    range.begin = static_cast<std::size_t>(entry.first.Mark().line);
    range.end = *std::upper_bound(starts.begin(), starts.end(), range.begin);
    while (range.end > range.begin + 1 && belongs_to_next(lines[range.end - 1])) --range.end;
    entries[entry.first.Scalar()] = range;
  }
  return entries;
}

bool is_of_keys(const std::string& name) {
  const std::string top = name.substr(0, name.find('.'));
  return top == "signing_key" || top == "verifying_keys";
}

/// What the file must mean after the edit.
SettingsMap expected(const SettingsMap& before, const KeySet& keys) {
  SettingsMap map;
  for (const auto& [name, value] : before) {
    if (!is_of_keys(name)) map.emplace(name, value);
  }
  const std::string section = "app:\n" + key_section(keys, "  ", Secrets::kShown);
  map.merge(parse_config(section, "the new keys").app);
  return map;
}

}  // namespace

std::string key_section(const KeySet& keys, const std::string& indent, Secrets secrets) {
  std::string out = indent + "signing_key:\n";
  append_key(keys.signing, indent + "  ", indent + "  ", secrets, out);
  if (keys.verifying.empty()) return out;
  out += indent + "verifying_keys:\n";
  for (const KeySource& key : keys.verifying) {
    append_key(key, indent + "  - ", indent + "    ", secrets, out);
  }
  return out;
}

std::string with_keys(const std::string& text, const std::string& name, const KeySet& keys) {
  const Failure by_hand(name + " is written in a form that this tool cannot edit; edit it by hand");
  const SettingsMap before = parse_config(text, name).app;
  const std::vector<std::string> lines = split_lines(text);
  const YAML::Node root = YAML::Load(text);
  const auto entries = entries_of_app(root, lines);
  const auto signing = entries.find("signing_key");
  if (signing == entries.end()) throw by_hand;
  const std::string& first = lines[signing->second.begin];
  const std::string indent = first.substr(0, first.find_first_not_of(' '));
  const auto verifying = entries.find("verifying_keys");
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto is_in = [i](const Lines& range) { return i >= range.begin && i < range.end; };
    if (i == signing->second.begin) out += key_section(keys, indent, Secrets::kShown);
    if (is_in(signing->second)) continue;
    if (verifying != entries.end() && is_in(verifying->second)) continue;
    out += lines[i];
    if (!out.ends_with('\n')) out += '\n';
  }
  try {
    if (parse_config(out, name).app != expected(before, keys)) throw by_hand;
  } catch (const Failure&) {
    throw by_hand;
  }
  return out;
}

}  // namespace jwt_auth::admin
