#include "app_api/app_report.hpp"

#include "app_api/app_library.hpp"
#include "app_api/elf_file.hpp"
#include "app_api/library_search.hpp"
#include "app_api/loaded_object.hpp"
#include "app_api/static_tls.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <set>

namespace alicorn {
namespace {

constexpr int kCannotBeLoaded = 4;
constexpr std::uint64_t kStaticTlsReserve = 1024;  // for alignment, and for other libraries

std::string flags_in_words(std::uint32_t flags) {
  std::string text;
  const auto add = [&text](std::string_view word) {
    text.append(text.empty() ? "" : ", ").append(word);
  };
  add(flags & ALICORN_APP_THREAD_SAFE ? "thread-safe (callbacks may run at once)"
                                      : "not thread-safe (one callback at a time)");
  add(flags & ALICORN_APP_PRELOAD_SAFE ? "preload-safe (may be loaded before fork)"
                                       : "loaded in each worker");
  add(flags & ALICORN_APP_STREAM_BODY ? "request bodies streamed" : "request bodies buffered");
  return text;
}

class Reporter {
 public:
  Reporter(const std::string& path, const std::string& symbol, const AskLoader& ask_loader)
      : path_(path), symbol_(symbol), ask_loader_(ask_loader) {}

  AppReport run() {
    const std::string file_path = app_file_path(path_);
    const auto file = ElfFile::open(file_path);
    const auto note = read_app_note(path_);
    if (!file || !note) {
      problem(file ? note.error().text() : file.error().text());
      return std::move(report_);
    }
    line(path_ + ": an Alicorn app");
    line("  ABI:       " + std::to_string(note->major) + ", minor " +
         std::to_string(note->minimum_minor) + " or later (this server: " +
         std::to_string(ALICORN_ABI_MAJOR) + "." + std::to_string(ALICORN_ABI_MINOR) + ")");
    line("  flags:     " + flags_in_words(note->flags));
    describe_entry(*file);
    if (auto accepted = check_app_note(*note, path_); !accepted) problem(accepted.error().text());
    describe_libraries(*file, file_path);
    // Otherwise the loader would report the same problems again.
    if (report_.problems.empty()) {
      describe_symbols(file_path);
      describe_static_tls();
    }
    if (report_.problems.empty()) {
      line(std::string("  this server can load it") +
           (has_looked_at_all_ ? "" : ", as far as could be checked"));
    }
    return std::move(report_);
  }

 private:
  void line(const std::string& text) { report_.text.append(text).append("\n"); }
  void problem(const std::string& text) {
    line("error: " + text);
    report_.problems.push_back(text);
    report_.exit_code = kCannotBeLoaded;
  }

  void describe_entry(const ElfFile& file) {
    const auto defined = file.defines_symbol(symbol_);
    line("  entry:     " + symbol_ +
         (!defined ? " (the file does not tell whether it is defined)" : ""));
    if (defined == false) problem(path_ + ": missing symbol " + symbol_);
  }

  /// Breadth first, the order in which the linker loads libraries. A library that another one needs
  /// is also searched in that one's RUNPATH. An inherited RPATH is not followed.
  void describe_libraries(const ElfFile& file, const std::string& file_path) {
    struct Object {
      std::string path;
      ElfFile::Dependencies dependencies;
    };
    const auto own = file.dependencies();
    if (!own) return problem(path_ + ": its dynamic section is damaged");
    std::deque<Object> objects{{file_path, *own}};
    std::set<std::string> seen;
    const std::vector<std::string> present = libraries_of_this_process();
    add_static_tls(file);
    for (; !objects.empty(); objects.pop_front()) {
      const Object& object = objects.front();
      const std::string origin =
          std::filesystem::absolute(object.path).parent_path().lexically_normal().string();
      const LibrarySearch search(origin, object.dependencies);
      for (const std::string& name : object.dependencies.needed) {
        if (!seen.insert(name).second) continue;
        const auto found = search.find(name);
        if (!found) {
          problem("missing library " + name + ", needed by " + object.path);
          continue;
        }
        line("  library:   " + name + " => " + *found);
        const auto library = ElfFile::open(*found);
        // The loader reuses a library that is loaded under that name, wherever it came from.
        const bool is_present =
            std::any_of(present.begin(), present.end(), [&](const std::string& path) {
              return path == *found || std::filesystem::path(path).filename() == name;
            });
        if (library && !is_present) add_static_tls(*library);
        const auto further = library ? library->dependencies() : std::nullopt;
        if (further) objects.push_back({*found, *further});
      }
    }
  }

  void not_looked_at(const std::string& what, const std::string& why) {
    line(what + "not checked: " + why);
    has_looked_at_all_ = false;
  }

  void describe_symbols(const std::string& file_path) {
    constexpr std::size_t kNamed = 20;
    const auto answer = ask_loader_(file_path);
    if (!answer) return not_looked_at("  symbols:   ", answer.error().text());
    const std::vector<std::string> refusals = refusals_in(*answer);
    for (std::size_t i = 0; i < std::min(refusals.size(), kNamed); ++i) problem(refusals[i]);
    if (refusals.size() > kNamed) {
      problem("and " + std::to_string(refusals.size() - kNamed) + " more of these");
    }
    if (refusals.empty()) line("  symbols:   all found, in the requested versions");
  }

  void add_static_tls(const ElfFile& file) {
    if (const auto wanted = file.static_tls()) static_tls_.push_back(*wanted);
  }

  void describe_static_tls() {
    if (static_tls_.empty()) return;
    std::uint64_t size = 0;
    for (const ElfFile::StaticTls& one : static_tls_) size += one.size;
    const auto has_room = has_room_for_static_tls(static_tls_);
    if (!has_room) return not_looked_at("  TLS:       ", "the loader cannot be asked here");
    const std::string wanted = std::to_string(size) + " bytes in each thread's first block";
    if (*has_room) return line("  TLS:       " + wanted + ", which are available");
    problem(path_ + " wants " + wanted + " (static TLS), which are not available: build without " +
            "-ftls-model=initial-exec, or start with GLIBC_TUNABLES=glibc.rtld." +
            "optional_static_tls=" + std::to_string(size + kStaticTlsReserve));
  }

  const std::string& path_;
  const std::string& symbol_;
  const AskLoader& ask_loader_;
  AppReport report_;
  std::vector<ElfFile::StaticTls> static_tls_;  // of libraries that are not loaded yet
  bool has_looked_at_all_ = true;
};

}  // namespace

AppReport describe_app(const std::string& path, const std::string& symbol,
                       const AskLoader& ask_loader) {
  return Reporter(path, symbol, ask_loader).run();
}

}  // namespace alicorn
