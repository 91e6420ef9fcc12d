#include "server/config/python_application.hpp"

#include "base/ascii.hpp"
#include "server/config/read_file.hpp"
#include "workers/contract/settings.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

namespace alicorn {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kVenvFileMax = 65'536, kPathFileMax = 65'536;

/// Takes an identifier from the front. False: there is none.
bool take_identifier(std::string_view& text) {
  const auto is_part = [](char c) { return is_alphanumeric(c) || c == '_'; };
  const std::size_t size =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_part) - text.begin());
  if (size == 0 || is_digit(text.front())) return false;
  text.remove_prefix(size);
  return true;
}

/// identifier("." identifier)*
bool take_dotted(std::string_view& text) {
  if (!take_identifier(text)) return false;
  while (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!take_identifier(text)) return false;
  }
  return true;
}

/// A bridge is called python3.11.so. The number after the 3, or nothing.
std::optional<int> minor_of(std::string_view file) {
  constexpr std::string_view kBegin = "python3.", kEnd = ".so";
  if (!file.starts_with(kBegin) || !file.ends_with(kEnd)) return std::nullopt;
  file.remove_prefix(kBegin.size());
  file.remove_suffix(kEnd.size());
  int minor = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), minor);
  const bool is_number =
      error == std::errc() && end == file.data() + file.size() && is_digit(file.front());
  return is_number ? std::optional(minor) : std::nullopt;
}

struct Bridge {
  int minor;
  std::string path;
};

/// Those of the first folder that has any, the newest Python first.
std::vector<Bridge> find_bridges(const std::vector<std::string>& folders) {
  std::vector<Bridge> bridges;
  for (const std::string& folder : folders) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      const std::string file = entry.path().filename().string();
      if (const auto minor = minor_of(file)) bridges.push_back({*minor, entry.path().string()});
    }
    if (!bridges.empty()) break;
  }
  std::sort(bridges.begin(), bridges.end(),
            [](const Bridge& a, const Bridge& b) { return a.minor > b.minor; });
  return bridges;
}

std::string text_of(const Bridge& bridge) {
  return "3." + std::to_string(bridge.minor);
}

/// "3.12": the version that a bridge must have; "": any.
Result<std::string> version_wanted(const PythonSettings& python) {
  if (python.venv.empty()) return std::string();
  const std::string file = python.venv + "/pyvenv.cfg";
  const auto text = read_file(file, kVenvFileMax, FileKind::kRegular);
  if (!text) {
    return fail("venv: " + python.venv + " is no virtual environment: " + text.error().text());
  }
  return python_version_of(*text);
}

/// Adds the folders that .pth files name, as Python's `site` does: so are projects installed that
/// are being worked on (pip install -e).
std::vector<std::string> with_path_files(std::vector<std::string> folders) {
  std::vector<std::string> named;
  for (const std::string& folder : folders) {
    std::error_code error;
    if (!folder.ends_with("-packages")) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() != ".pth") continue;
      std::istringstream lines(
          read_file(entry.path().string(), kPathFileMax, FileKind::kRegular).value_or(""));
      for (std::string line; std::getline(lines, line);) {
        const fs::path path = fs::path(folder) / line;
        const bool is_code = line.starts_with("import ") || line.starts_with("import\t");
        if (!line.empty() && !is_code && fs::is_directory(path, error))
          named.push_back(path.string());
      }
    }
  }
  folders.insert(folders.end(), named.begin(), named.end());
  return folders;
}

}  // namespace

bool is_python_name(std::string_view text) {
  const std::string_view module = text.substr(0, text.find(':'));
  if (module.ends_with(".so") || !take_dotted(text)) return false;
  if (text.empty()) return true;
  if (!text.starts_with(':')) return false;
  text.remove_prefix(1);
  return take_dotted(text) && (text.empty() || (text.starts_with('(') && text.ends_with(')')));
}

std::string python_version_of(std::string_view pyvenv_cfg) {
  // "version = 3.11.2", or, from virtualenv, "version_info = 3.11.2.final.0".
  while (!pyvenv_cfg.empty()) {
    const std::size_t end = std::min(pyvenv_cfg.find('\n'), pyvenv_cfg.size());
    const std::string_view line = pyvenv_cfg.substr(0, end);
    pyvenv_cfg.remove_prefix(std::min(end + 1, pyvenv_cfg.size()));
    const std::size_t equals = line.find('=');
    if (!line.starts_with("version") || equals == std::string_view::npos) continue;
    const std::size_t begin = std::min(line.find_first_not_of(" \t", equals + 1), line.size());
    const std::string_view value = line.substr(begin);
    const std::size_t first = value.find('.');
    const std::size_t second = value.find('.', std::min(first, value.size() - 1) + 1);
    if (first != std::string_view::npos) return std::string(value.substr(0, second));
  }
  return {};
}

std::vector<std::string> bridge_folders() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path above = program.parent_path().parent_path();
  return {(above / ALICORN_LIBRARY_FOLDER).string(), (above / "lib/alicorn").string()};
}

Result<void> resolve_python_application(Config& config, const std::vector<std::string>& folders) {
  PythonSettings& python = config.worker.python;
  const fs::path path = config.worker.app_path;
  std::error_code error;
  if (path.extension() == ".py" && fs::is_regular_file(path, error)) {
    const std::string module = path.stem().string();
    return fail(path.string() + " is Python's source: name its module, as in alicorn " + module +
                ":application (and --pythonpath " + path.parent_path().string() +
                " if that is not the directory in which the server runs)");
  }
  if (python.application.empty()) return {};
  if (fs::is_regular_file(path, error)) {
    python.application.clear();
    return {};
  }
  for (const auto& [key, value] : config.worker.app_config) {
    if (!key.starts_with("python.") && key != "python") continue;
    return fail("app: " + key +
                " is the server's own: it tells the bridge to Python what to serve");
  }
  const auto version = version_wanted(python);
  if (!version) return tl::unexpected(version.error());
  const std::vector<Bridge> bridges = find_bridges(folders);
  std::string known;
  for (const Bridge& bridge : bridges) {
    if (version->empty() || *version == text_of(bridge)) {
      config.worker.app_path = bridge.path;
      config.worker.app_symbol = WorkerSettings().app_symbol;
      return {};
    }
    known.append(known.empty() ? "" : ", ").append(text_of(bridge));
  }
  if (bridges.empty()) {
    const std::string place = folders.empty() ? "/proc does not say where this program lies"
                                              : folders.front() + "/python3.*.so";
    return fail("there is no file " + config.worker.app_path + ", and no bridge to Python (" +
                place + ") for a module of that name");
  }
  return fail("venv: " + python.venv + " is of Python " + *version +
              ", but there is a bridge only to " + known);
}

std::vector<std::string> module_folders(const WorkerSettings& worker, std::string_view pythonpath) {
  std::vector<std::string> folders = worker.python.path;
  std::error_code error;
  folders.push_back(fs::current_path(error).string());
  while (!pythonpath.empty()) {
    const std::size_t end = std::min(pythonpath.find(':'), pythonpath.size());
    if (end > 0) folders.emplace_back(pythonpath.substr(0, end));
    pythonpath.remove_prefix(std::min(end + 1, pythonpath.size()));
  }
  const auto minor = minor_of(fs::path(worker.app_path).filename().string());
  const std::string version = "/lib/python3." + std::to_string(minor.value_or(0));
  if (!worker.python.venv.empty())
    folders.push_back(worker.python.venv + version + "/site-packages");
  folders.insert(folders.end(), {"/usr/local" + version + "/dist-packages",
                                 "/usr/lib/python3/dist-packages", "/usr" + version});
  return with_path_files(std::move(folders));
}

std::string find_python_module(std::string_view application,
                               const std::vector<std::string>& folders) {
  std::string module(application.substr(0, application.find(':')));
  std::replace(module.begin(), module.end(), '.', '/');
  for (const std::string& folder : folders) {
    const fs::path path = fs::path(folder) / module;
    std::error_code error;
    for (const fs::path& file : {fs::path(path) += ".py", path / "__init__.py"}) {
      if (fs::is_regular_file(file, error)) return file.string();
    }
    // An extension module: wsgi.cpython-311-x86_64-linux-gnu.so
    for (const fs::directory_entry& entry : fs::directory_iterator(path.parent_path(), error)) {
      const std::string file = entry.path().filename().string();
      const bool is_one = file.starts_with(path.filename().string() + ".") && file.ends_with(".so");
      if (is_one) return entry.path().string();
    }
  }
  return {};
}

}  // namespace alicorn
