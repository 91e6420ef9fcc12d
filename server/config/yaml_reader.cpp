#include "server/config/yaml_reader.hpp"

#include "server/config/nearest_name.hpp"
#include "server/config/settings_table.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>
#include <string_view>
#include <vector>

namespace alicorn {
namespace {

/// An explicit end of the document. Without it yaml-cpp 0.7 silently closes a quoted text at the
/// end of the file, and all settings after the missing quote would vanish in that text.
constexpr std::string_view kEnd = "\n...\n";
/// Limits for the `app` section: with aliases a small file can expand without bound.
constexpr std::size_t kAppNodesMax = 10'000;
constexpr int kAppDepthMax = 64;

/// Tags that only repeat what an untagged value would be anyway.
bool says_nothing_new(std::string_view tag) {
  constexpr std::string_view kCore = "tag:yaml.org,2002:";
  if (tag.empty() || tag == "?" || tag == "!") return true;
  if (!tag.starts_with(kCore)) return false;
  tag.remove_prefix(kCore.size());
  return tag == "str" || tag == "int" || tag == "float" || tag == "bool" || tag == "map" ||
         tag == "seq";
}

/// The tag as the operator writes it: "!!binary", "!env".
std::string written(std::string_view tag) {
  constexpr std::string_view kCore = "tag:yaml.org,2002:";
  if (!tag.starts_with(kCore)) return std::string(tag);
  return "!!" + std::string(tag.substr(kCore.size()));
}

/// Sees each document with aliases unresolved. Notes where the latest document began, and the first
/// tag that yaml-cpp would ignore. YAML::LoadAll() is no alternative: it would find endless
/// documents in a lone comma, because yaml-cpp 0.7 does not move past it.
struct FirstLook : YAML::EventHandler {
  using Mark = YAML::Mark;
  using Style = YAML::EmitterStyle::value;
  using Anchor = YAML::anchor_t;

  void OnDocumentStart(const Mark& at) override { document = at; }
  void OnDocumentEnd() override {}
  void OnNull(const Mark&, Anchor) override {}
  void OnAlias(const Mark&, Anchor) override {}
  void OnScalar(const Mark& at, const std::string& has, Anchor, const std::string&) override {
    look_at(at, has);
  }
  void OnSequenceStart(const Mark& at, const std::string& has, Anchor, Style) override {
    look_at(at, has);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const Mark& at, const std::string& has, Anchor, Style) override {
    look_at(at, has);
  }
  void OnMapEnd() override {}

  void look_at(const Mark& at, const std::string& has) {
    if (!tag.empty() || says_nothing_new(has)) return;
    tag = written(has);
    tagged = at;
  }

  Mark document, tagged;
  std::string tag;
};

/// One YAML document on its way into a Draft.
class YamlReader {
 public:
  YamlReader(std::string_view name, Draft& draft) : name_(name), draft_(draft) {}

  Result<void> read(const std::string& text) {
    // yaml-cpp throws on a malformed document, and on nodes that it cannot use. All of its
    // exceptions end here.
    try {
      const std::string ended = text + std::string(kEnd);
      std::istringstream stream(ended);
      YAML::Parser parser(stream);
      FirstLook look;
      if (parser.HandleNextDocument(look) && parser.HandleNextDocument(look)) {
        return fail_at(look.document, "only one document is read, and it ends before this");
      }
      if (!look.tag.empty()) {
        return fail_at(look.tagged, "the tag " + look.tag +
                                        " is not supported, and its value would be taken "
                                        "literally: write the value itself");
      }
      return read_root(YAML::Load(ended));
    } catch (const YAML::Exception& exception) {
      return fail_in(text, exception);
    } catch (const std::exception& exception) {
      return fail(name_ + ": " + exception.what());
    }
  }

 private:
  tl::unexpected<Error> fail_at(const YAML::Mark& mark, const std::string& message) const {
    if (mark.is_null()) return fail(name_ + ": " + message);
    return fail(name_ + ':' + std::to_string(mark.line + 1) + ':' +
                std::to_string(mark.column + 1) + ": " + message);
  }
  tl::unexpected<Error> fail_at(const YAML::Node& node, const std::string& message) const {
    return fail_at(node.Mark(), message);
  }

  /// If the parser only stopped at kEnd, the message names the end of the operator's file instead.
  tl::unexpected<Error> fail_in(const std::string& text, const YAML::Exception& exception) const {
    YAML::Mark mark = exception.mark;
    const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    if (mark.line <= lines) return fail_at(mark, exception.msg);
    mark.line = lines;
    mark.column = 0;
    const bool is_quoted = exception.msg == YAML::ErrorMsg::DOC_IN_SCALAR;
    return fail_at(mark, is_quoted ? "a quoted text is not closed" : exception.msg);
  }

  Result<void> read_root(const YAML::Node& root) {
    if (root.IsNull()) return {};
    if (!root.IsMap()) return fail_at(root, "must be a map of settings, \"workers: 4\"");
    if (auto keys = check_keys(root); !keys) return keys;
    for (const auto& entry : root) {
      if (auto done = read_setting(entry.first, entry.second); !done) return done;
    }
    return {};
  }

  Result<void> read_setting(const YAML::Node& key_node, const YAML::Node& value) {
    const std::string& key = key_node.Scalar();
    const Setting* setting = find_setting(key);
    if (setting == nullptr) return fail_at(key_node, unknown_key(key));
    // A missing value has no position, so name the key's.
    if (value.IsNull() && setting->field.shape != Field::Shape::kTree) {
      return fail_at(key_node, key + " has no value");
    }
    auto values = values_of(*setting, value);
    if (!values) return tl::unexpected(std::move(values.error()));
    if (auto done = assign(*setting, key, *values, draft_.config); !done) {
      return fail_at(value, done.error().text());
    }
    draft_.sources[setting->key] = name_ + ':' + std::to_string(key_node.Mark().line + 1);
    return {};
  }

  static std::string unknown_key(const std::string& key) {
    if (std::string sentence = not_applicable(key); !sentence.empty()) return sentence;
    std::vector<std::string_view> known;
    for (const Setting& setting : settings_table()) known.push_back(setting.key);
    const std::string_view nearest = nearest_name(key, known);
    std::string message = "unknown setting \"" + key + '"';
    if (!nearest.empty()) message.append(", did you mean \"").append(nearest).append("\"?");
    return message;
  }

  /// yaml-cpp keeps both of two equal keys, and nobody can know which one the operator meant.
  Result<void> check_keys(const YAML::Node& map) const {
    std::map<std::string_view, int> lines;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) return fail_at(entry.first, "a key must be a name");
      const std::string& key = entry.first.Scalar();
      if (key == "<<") {
        return fail_at(entry.first,
                       "merge keys (<<) are not supported: write the settings out, or use an "
                       "alias for a whole value");
      }
      const auto [first, is_new] = lines.emplace(key, entry.first.Mark().line + 1);
      if (is_new) continue;
      return fail_at(entry.first, '"' + key + "\" is given twice, first in line " +
                                      std::to_string(first->second));
    }
    return {};
  }

  Result<Values> values_of(const Setting& setting, const YAML::Node& node) {
    using Shape = Field::Shape;
    const std::string key(setting.key);
    Values values;
    switch (setting.field.shape) {
      case Shape::kOne:
      case Shape::kSwitch:
        if (!node.IsScalar()) return fail_at(node, key + " must be one value");
        return Values{node.Scalar()};
      case Shape::kList:
      case Shape::kMap:
        if (setting.field.shape == Shape::kMap && node.IsMap()) return named_values(key, node);
        if (node.IsScalar()) return Values{node.Scalar()};
        if (!node.IsSequence()) return fail_at(node, key + " must be a list");
        for (const auto& item : node) {
          if (!item.IsScalar()) return fail_at(item, key + " must be a list of single values");
          values.push_back(item.Scalar());
        }
        return values;
      case Shape::kTree:
        if (!node.IsMap() && !node.IsNull()) return fail_at(node, key + " must be a map");
        if (auto done = flatten(node, "", 0, values); !done) {
          return tl::unexpected(std::move(done.error()));
        }
        return values;
    }
    return values;
  }

  Result<Values> named_values(const std::string& key, const YAML::Node& map) const {
    if (auto keys = check_keys(map); !keys) return tl::unexpected(std::move(keys.error()));
    Values values;
    for (const auto& entry : map) {
      if (entry.first.Scalar().find('=') != std::string::npos) {
        return fail_at(entry.first, "a name in " + key + " must not contain a \"=\"");
      }
      if (!entry.second.IsScalar()) {
        return fail_at(entry.second, key + '.' + entry.first.Scalar() + " must be one value");
      }
      values.push_back(entry.first.Scalar() + '=' + entry.second.Scalar());
    }
    return values;
  }

  /// {database: {url: x}, origins: [y]} -> "database.url=x", "origins.0=y". Null and an empty list
  /// become an empty text, because [] is not the same as an absent key.
  Result<void> flatten(const YAML::Node& node, const std::string& path, int depth, Values& out) {
    if (++app_nodes_ > kAppNodesMax || depth > kAppDepthMax) {
      return fail_at(node, "app is too large or nested too deeply");
    }
    if (node.IsScalar() || (node.IsNull() && depth > 0)) {
      out.push_back(path + '=' + node.Scalar());
      return {};
    }
    if (node.IsSequence() && node.size() == 0) {
      out.push_back(path + '=');
      return {};
    }
    const std::string prefix = path.empty() ? "" : path + '.';
    if (node.IsMap()) {
      if (auto keys = check_keys(node); !keys) return keys;
      for (const auto& entry : node) {
        const std::string& key = entry.first.Scalar();
        if (key.empty() || key.find('=') != std::string::npos) {
          return fail_at(entry.first, "a key of app must not be empty or contain a \"=\"");
        }
        if (auto done = flatten(entry.second, prefix + key, depth + 1, out); !done) return done;
      }
    }
    if (node.IsSequence()) {
      std::size_t index = 0;
      for (const auto& item : node) {
        const std::string item_path = prefix + std::to_string(index++);
        if (auto done = flatten(item, item_path, depth + 1, out); !done) return done;
      }
    }
    return {};
  }

  const std::string name_;
  Draft& draft_;
  std::size_t app_nodes_ = 0;
};

}  // namespace

Draft::Draft() : config(default_config()) {}

Result<void> read_yaml(std::string_view name, const std::string& text, Draft& draft) {
  return YamlReader(name, draft).read(text);
}

}  // namespace alicorn
