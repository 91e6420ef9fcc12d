#include "admin/config_file.hpp"

#include "admin/descriptor.hpp"
#include "admin/failure.hpp"

#include <yaml-cpp/yaml.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace jwt_auth::admin {
namespace {

constexpr std::size_t kFileSizeMax = 1 << 20;
/// Aliases may make a small file mean an endless one.
constexpr std::size_t kNodesMax = 10'000;
constexpr int kDepthMax = 64;
/// The end of a document, said: yaml-cpp 0.7 closes a quoted text at the end of the file by itself,
/// and all settings below the missing quote would vanish in it.
constexpr const char* kEnd = "\n...\n";

class Flattener {
 public:
  Flattener(std::string name, SettingsMap& map) : name_(std::move(name)), map_(map) {}

  void flatten(const YAML::Node& node, const std::string& path, int depth) {
    if (++nodes_ > kNodesMax || depth > kDepthMax) {
      fail(node, "app is too large or nested too deeply");
    }
    if (node.IsScalar() || (node.IsNull() && depth > 0)) {
      map_[path] = node.IsNull() ? "" : node.Scalar();
      return;
    }
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

[[noreturn]] void fail_to_read(const std::string& path) {
  throw Failure("cannot read " + path + ": " + std::generic_category().message(errno) +
                " (-c FILE names the server's configuration)");
}

std::string text_of(const YAML::Node& node) {
  return node && node.IsScalar() ? node.Scalar() : std::string();
}

}  // namespace

ConfigFile parse_config(std::string_view text, const std::string& name) {
  ConfigFile file;
  file.text = text;
  try {
    const YAML::Node root = YAML::Load(file.text + kEnd);
    Flattener flattener(name, file.app);
    if (!root.IsMap()) throw Failure(name + " is no map of settings");
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

ConfigFile read_config_file(const std::string& path) {
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!opened || ::fstat(opened.get(), &status) != 0) fail_to_read(path);
  std::string text;
  std::array<char, 65536> part{};
  for (;;) {
    const ssize_t count = ::read(opened.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_to_read(path);
    if (count == 0) break;
    text.append(part.data(), static_cast<std::size_t>(count));
    if (text.size() > kFileSizeMax) throw Failure(path + " is too large for a configuration");
  }
  ConfigFile file = parse_config(text, path);
  file.path = std::filesystem::canonical(path).string();
  file.id = {status.st_dev, status.st_ino};
  return file;
}

}  // namespace jwt_auth::admin
