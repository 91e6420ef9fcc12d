// Files that the host sends without the application: the setting `static` maps the beginnings of
// paths to folders. Knows no Python. Python bridge; any thread, without the GIL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <alicorn/app.h>

namespace alicorn::python {

/// Part of a file.
struct ByteRange {
  std::int64_t offset = 0, length = 0;
};

enum class RangeKind {
  kWhole,          ///< no range, or one that need not be understood
  kPart,           ///< 206
  kUnsatisfiable,  ///< 416
};
/// Of the value of a Range field: "bytes=0-99", "bytes=100-", "bytes=-100". Several ranges in one
/// request are not answered in parts (RFC 9110 section 14.2 allows that).
RangeKind parse_range(std::string_view field, std::int64_t size, ByteRange& range);

/// Does an Accept-Encoding take this coding?
bool accepts_coding(std::string_view accept_encoding, std::string_view coding);

/// "text/css; charset=utf-8", by the name's ending.
std::string_view content_type_of(std::string_view name);

/// The path below a folder for the rest of a request's path. Nothing: it has parts that no file has
/// that is meant for everybody, such as "..", ".git", or a zero.
std::optional<std::string> relative_path(std::string_view encoded);

/// Does the name carry a hash of the content, as those that Django's ManifestStaticFilesStorage
/// makes (app.0123456789ab.css)? Such a file never changes.
bool has_hash(std::string_view name);

class StaticFiles {
 public:
  void add(std::string prefix, std::string folder) {
    folders_.push_back({std::move(prefix), std::move(folder)});
  }
  std::size_t count() const { return folders_.size(); }
  /// What on_request returns, if the request is for a file that exists; else it is the
  /// application's.
  std::optional<std::int32_t> answer(alicorn_request& request) const;

 private:
  struct Folder {
    std::string prefix;  ///< "/static/"
    std::string path;
  };

  std::vector<Folder> folders_;
};

}  // namespace alicorn::python
