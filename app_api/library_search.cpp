#include "app_api/library_search.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace alicorn {
namespace {

constexpr std::string_view kCacheMagic = "glibc-ld.so.cache1.1";
constexpr const char* kCachePath = "/etc/ld.so.cache";

// ldconfig's format since glibc 2.2. All offsets start at the header.
struct CacheHeader {
  char magic[20];
  std::uint32_t library_count;
  std::uint32_t strings_size;
  std::uint32_t flags_and_extensions[5];
};
struct CacheEntry {
  std::int32_t flags;
  std::uint32_t name, path, os_version;
  std::uint64_t hardware;
};
static_assert(sizeof(CacheHeader) == 48 && sizeof(CacheEntry) == 24);

constexpr std::array kDefaultDirectories = {"/lib64", "/usr/lib64", "/lib", "/usr/lib"};

std::string_view text_at(std::string_view bytes, std::size_t offset) {
  if (offset >= bytes.size()) return {};
  const std::string_view rest = bytes.substr(offset);
  const std::size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
}

std::string read_whole_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
}

/// Skips a file of the right name for another architecture, as the linker does.
bool loadable(const std::string& path) {
  return ElfFile::open(path).has_value();
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> parse_linker_cache(
    std::string_view bytes) {
  std::vector<std::pair<std::string_view, std::string_view>> libraries;
  if (bytes.size() < sizeof(CacheHeader) || !bytes.starts_with(kCacheMagic)) return libraries;
  CacheHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  for (std::uint64_t i = 0; i < header.library_count; ++i) {
    const std::uint64_t offset = sizeof(header) + i * sizeof(CacheEntry);
    if (offset + sizeof(CacheEntry) > bytes.size()) break;
    CacheEntry entry;
    std::memcpy(&entry, bytes.data() + offset, sizeof(entry));
    libraries.emplace_back(text_at(bytes, entry.name), text_at(bytes, entry.path));
  }
  return libraries;
}

LibrarySearch::LibrarySearch(std::string origin, const ElfFile::Dependencies& object)
    : origin_(std::move(origin)), cache_(read_whole_file(kCachePath)) {
  if (object.runpath.empty())
    add_path_list(object.rpath);  // the linker ignores RPATH if there is a RUNPATH
  // getenv is safe here: nothing in this process changes the environment.
  if (const char* list = std::getenv("LD_LIBRARY_PATH"))
    add_path_list(list);  // NOLINT(concurrency-mt-unsafe)
  add_path_list(object.runpath);
}

void LibrarySearch::add_path_list(std::string_view list) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(':'), list.size());
    std::string directory(list.substr(0, end));
    replace_all(directory, "${ORIGIN}", origin_);
    replace_all(directory, "$ORIGIN", origin_);
    before_cache_.push_back(directory.empty() ? "." : std::move(directory));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

std::optional<std::string> LibrarySearch::find(const std::string& name) const {
  if (name.find('/') != std::string::npos) {
    return loadable(name) ? std::optional(name) : std::nullopt;
  }
  for (const std::string& directory : before_cache_) {
    if (std::string path = directory + "/" + name; loadable(path)) return path;
  }
  for (const auto& [cached_name, cached_path] : parse_linker_cache(cache_)) {
    if (cached_name != name) continue;
    if (std::string path(cached_path); loadable(path)) return path;
  }
  for (const char* directory : kDefaultDirectories) {
    if (std::string path = std::string(directory) + "/" + name; loadable(path)) return path;
  }
  return std::nullopt;
}

}  // namespace alicorn
