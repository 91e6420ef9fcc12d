#include "admin/config_file.hpp"

#include "admin/failure.hpp"
#include "text/regular_file.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <set>
#include <sstream>

namespace jwt_auth::admin {
namespace {

constexpr std::size_t kFileSizeMax = 1 << 20;
/// With aliases a small file may stand for an endless one.
constexpr std::size_t kNodesMax = 10'000;
constexpr int kDepthMax = 64;
/// Ends the document explicitly: yaml-cpp 0.7 closes an open quote at the end of the file on its
/// own, and all settings below the missing quote would vanish in that text.
constexpr const char* kEnd = "\n...\n";

/// Sees the documents as written, aliases unresolved. The server refuses a second document, and
/// tags that yaml-cpp ignores: this tool must read the same as the server.
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
    static const std::set<std::string> harmless = {"",
                                                   "?",
                                                   "!",
                                                   "tag:yaml.org,2002:str",
                                                   "tag:yaml.org,2002:int",
                                                   "tag:yaml.org,2002:float",
                                                   "tag:yaml.org,2002:bool",
                                                   "tag:yaml.org,2002:map",
                                                   "tag:yaml.org,2002:seq"};
    if (!tag.empty() || harmless.contains(has)) return;
    tag = has;
    tagged = at;
  }

  Mark document, tagged;
  std::string tag;
};

class Flattener {
 public:
  Flattener(std::string name, SettingsMap& map) : name_(std::move(name)), map_(map) {}

  void flatten(const YAML::Node& node, const std::string& path, int depth) {
    if (++nodes_ > kNodesMax || depth > kDepthMax) {
      fail(node, "app is too large or too deeply nested");
    }
    if (node.IsScalar() || (node.IsNull() && depth > 0)) {
      map_[path] = node.IsNull() ? "" : node.Scalar();
      return;
    }
    // As in the server: an empty list is a value, not the same as no list.
    if (node.IsSequence() && node.size() == 0) map_[path] = "";
    const std::string prefix = path.empty() ? "" : path + '.';
    if (node.IsMap()) {
      check_keys(node);
      for (const auto& entry : node)
        flatten(entry.second, prefix + entry.first.Scalar(), depth + 1);
    }
    if (node.IsSequence()) {
      std::size_t index = 0;
      for (const auto& item : node) flatten(item, prefix + std::to_string(index++), depth + 1);
    }
  }

  void check_keys(const YAML::Node& map) const {
    std::set<std::string> keys;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) fail(entry.first, "a key must be a name");
      const std::string& key = entry.first.Scalar();
      if (key == "<<") fail(entry.first, "merge keys (<<) are not supported");
      if (!keys.insert(key).second) fail(entry.first, '"' + key + "\" is given twice");
    }
  }

  [[noreturn]] void fail(const YAML::Node& node, const std::string& problem) const {
    const YAML::Mark mark = node.Mark();
    throw Failure(name_ + ':' + std::to_string(mark.line + 1) + ": " + problem);
  }

 private:
  const std::string name_;
  SettingsMap& map_;
  std::size_t nodes_ = 0;
};

void look_first(const std::string& text, const std::string& name) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  FirstLook look;
  const auto at = [&](const YAML::Mark& mark) {
    return name + ':' + std::to_string(mark.line + 1) + ": ";
  };
  if (parser.HandleNextDocument(look) && parser.HandleNextDocument(look)) {
    throw Failure(at(look.document) + "only one document is read, and it ends before this line");
  }
  if (!look.tag.empty())
    throw Failure(at(look.tagged) + "a tag (" + look.tag + ") is not supported");
}

std::string text_of(const YAML::Node& node) {
  return node && node.IsScalar() ? node.Scalar() : std::string();
}

}  // namespace

ConfigFile parse_config(std::string_view text, const std::string& name) {
  ConfigFile file;
  file.text = text;
  try {
    look_first(file.text + kEnd, name);
    const YAML::Node root = YAML::Load(file.text + kEnd);
    Flattener flattener(name, file.app);
    if (!root.IsMap()) throw Failure(name + " is not a map of settings");
    flattener.check_keys(root);
    file.chdir = text_of(root["chdir"]);
    file.user = text_of(root["user"]);
    file.group = text_of(root["group"]);
    const YAML::Node app = root["app"];
    if (!app || app.IsNull()) throw Failure(name + " has no section \"app\"");
    if (!app.IsMap()) flattener.fail(app, "app must be a map");
    flattener.flatten(app, "", 0);
  } catch (const YAML::Exception& exception) {
    const std::string line =
        exception.mark.is_null() ? "" : ':' + std::to_string(exception.mark.line + 1);
    throw Failure(name + line + ": " + exception.msg);
  }
  return file;
}

ConfigFile read_config_file(const std::string& path) try {
  const RegularFile read = read_regular_file(path, kFileSizeMax);
  ConfigFile file = parse_config(read.text, path);
  file.path = std::filesystem::canonical(path).string();
  file.id = {read.status.st_dev, read.status.st_ino};
  return file;
} catch (const FileProblem& problem) {
  throw Failure("cannot read " + path + ": " + problem.what() +
                " (-c FILE names the server's configuration)");
}

}  // namespace jwt_auth::admin
