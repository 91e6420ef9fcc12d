#include "app_api/app_report.hpp"

#include "app_api/app_library.hpp"
#include "app_api/elf_file.hpp"
#include "app_api/library_search.hpp"

#include <deque>
#include <filesystem>
#include <set>

namespace alicorn {
namespace {

constexpr int kCannotBeLoaded = 4;

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
  Reporter(const std::string& path, const std::string& symbol) : path_(path), symbol_(symbol) {}

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
    describe_libraries(*file, file_path);
    if (auto accepted = check_app_note(*note, path_); !accepted) problem(accepted.error().text());
    if (report_.exit_code == 0) line("  this server can load it");
    return std::move(report_);
  }

 private:
  void line(const std::string& text) { report_.text.append(text).append("\n"); }
  void problem(const std::string& text) {
    line("error: " + text);
    report_.exit_code = kCannotBeLoaded;
  }

  void describe_entry(const ElfFile& file) {
    const auto defined = file.defines_symbol(symbol_);
    line("  entry:     " + symbol_ +
         (!defined ? " (the file does not say whether it is there)" : ""));
    if (defined == false) problem(path_ + ": missing symbol " + symbol_);
  }

  /// Breadth first, as the linker loads them. Libraries that were found by way of another one are
  /// searched in that one's RUNPATH, too; an inherited RPATH is not followed.
  void describe_libraries(const ElfFile& file, const std::string& file_path) {
    struct Object {
      std::string path;
      ElfFile::Dependencies dependencies;
    };
    const auto own = file.dependencies();
    if (!own) return problem(path_ + ": its dynamic section is damaged");
    std::deque<Object> objects{{file_path, *own}};
    std::set<std::string> seen;
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
        const auto further = library ? library->dependencies() : std::nullopt;
        if (further) objects.push_back({*found, *further});
      }
    }
  }

  const std::string& path_;
  const std::string& symbol_;
  AppReport report_;
};

}  // namespace

AppReport describe_app(const std::string& path, const std::string& symbol) {
  return Reporter(path, symbol).run();
}

}  // namespace alicorn
