#include "app_api/python/static_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <alicorn/detail/rules.hpp>

namespace alicorn::python {
namespace {

using Text = std::string_view;

Text view(alicorn_string text) {
  return {text.data, text.size};
}
alicorn_string text_of(Text text) {
  return {text.data(), text.size()};
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Takes what stands before the separator, and the separator with it.
Text take(Text& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const Text first = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return rules::trim(first);
}

bool equals_ignoring_case(Text a, Text lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
         });
}

std::optional<std::int64_t> number_of(Text text) {
  return text.empty() ? std::nullopt : rules::parse_content_length(text);
}

/// A descriptor that closes itself, unless the host gets it.
class File {
 public:
  explicit File(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
    const bool is_file = fd_ >= 0 && ::fstat(fd_, &status_) == 0 && S_ISREG(status_.st_mode);
    if (!is_file) close();
  }
  File(File&& other) noexcept : fd_(other.release()), status_(other.status_) {}
  File& operator=(File&& other) noexcept {
    close();
    fd_ = other.release();
    status_ = other.status_;
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }

  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  std::int64_t size() const { return status_.st_size; }
  const timespec& changed() const { return status_.st_mtim; }

 private:
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  int fd_;
  struct stat status_ {};
};

/// RFC 9110 section 5.6.7. Not strftime(3): the application may have set a locale.
std::string date_of(const timespec& time) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  struct tm parts {};
  ::gmtime_r(&time.tv_sec, &parts);
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                 kDays.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                                 kMonths.at(static_cast<std::size_t>(parts.tm_mon)),
                                 parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string tag_of(const File& file) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "\"%llx-%lx-%llx\"",
                                 static_cast<unsigned long long>(file.changed().tv_sec),
                                 static_cast<unsigned long>(file.changed().tv_nsec),
                                 static_cast<unsigned long long>(file.size()));
  return {text.data(), static_cast<std::size_t>(size)};
}

/// If-None-Match: a weak comparison (RFC 9110 section 13.1.2).
bool matches_tag(Text list, Text tag) {
  while (!list.empty()) {
    Text one = take(list, ',');
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag) return true;
  }
  return false;
}

/// The file itself, or the one beside it that is compressed already.
struct Representation {
  File file;
  Text coding;          ///< "": none
  bool varies = false;  ///< there is a compressed one, for clients that take it
};

Representation choose(const std::string& path, Text accept_encoding) {
  Representation chosen{.file = File(path), .coding = {}};
  if (!chosen.file) return chosen;
  for (const auto& [coding, ending] : {std::pair{"br", ".br"}, std::pair{"gzip", ".gz"}}) {
    File compressed(path + ending);
    if (!compressed) continue;
    chosen.varies = true;
    if (!accepts_coding(accept_encoding, coding)) continue;
    chosen.file = std::move(compressed);
    chosen.coding = coding;
    break;
  }
  return chosen;
}

std::int32_t send(alicorn_request& request, Representation& chosen, Text name) {
  const alicorn_host& host = *request.host;
  const auto given = [&](const char* field) { return view(alicorn_header(&request, field)); };
  const std::string tag = tag_of(chosen.file), date = date_of(chosen.file.changed());
  std::vector<alicorn_field> fields = {
      {ALICORN_LITERAL("etag"), text_of(tag)},
      {ALICORN_LITERAL("last-modified"), text_of(date)},
      {ALICORN_LITERAL("cache-control"),
       text_of(has_hash(name) ? "public, max-age=31536000, immutable" : "public, max-age=60")}};
  if (chosen.varies)
    fields.push_back({ALICORN_LITERAL("vary"), ALICORN_LITERAL("accept-encoding")});
  const auto count = [&] { return static_cast<std::uint32_t>(fields.size()); };

  const Text none_match = given("if-none-match");
  const bool is_known =
      none_match.empty() ? given("if-modified-since") == date : matches_tag(none_match, tag);
  if (is_known) return host.respond(&request, 304, fields.data(), count(), nullptr);

  fields.push_back({ALICORN_LITERAL("accept-ranges"), ALICORN_LITERAL("bytes")});
  fields.push_back({ALICORN_LITERAL("content-type"), text_of(content_type_of(name))});
  if (!chosen.coding.empty()) {
    fields.push_back({ALICORN_LITERAL("content-encoding"), text_of(chosen.coding)});
  }
  const std::int64_t size = chosen.file.size();
  ByteRange range{.offset = 0, .length = size};
  const Text if_range = given("if-range");
  const bool is_current = if_range.empty() || if_range == tag || if_range == date;
  const RangeKind kind = is_current ? parse_range(given("range"), size, range) : RangeKind::kWhole;
  std::string content_range;
  if (kind == RangeKind::kUnsatisfiable) {
    content_range = "bytes */" + std::to_string(size);
    const alicorn_field field = {ALICORN_LITERAL("content-range"), text_of(content_range)};
    return host.respond(&request, 416, &field, 1, nullptr);
  }
  if (kind == RangeKind::kPart) {
    content_range = "bytes " + std::to_string(range.offset) + '-' +
                    std::to_string(range.offset + range.length - 1) + '/' + std::to_string(size);
    fields.push_back({ALICORN_LITERAL("content-range"), text_of(content_range)});
  }
  return host.send_file(&request, kind == RangeKind::kPart ? 206 : 200, fields.data(), count(),
                        chosen.file.release(), range.offset, range.length);
}

}  // namespace

RangeKind parse_range(Text field, std::int64_t size, ByteRange& range) {
  constexpr Text kUnit = "bytes=";
  range = {.offset = 0, .length = size};
  if (!field.starts_with(kUnit) || field.find(',') != Text::npos) return RangeKind::kWhole;
  Text last = rules::trim(field.substr(kUnit.size()));
  if (last.find('-') == Text::npos) return RangeKind::kWhole;
  const Text first = take(last, '-');
  const auto begin = number_of(first), end = number_of(rules::trim(last));
  if (first.empty()) {  // so many from the end
    if (!end) return RangeKind::kWhole;
    if (*end == 0 || size == 0) return RangeKind::kUnsatisfiable;
    range.length = std::min(*end, size);
    range.offset = size - range.length;
    return RangeKind::kPart;
  }
  if (!begin || (!end && !last.empty()) || (end && *end < *begin)) return RangeKind::kWhole;
  if (*begin >= size) return RangeKind::kUnsatisfiable;
  range.offset = *begin;
  range.length = (end ? std::min(*end, size - 1) : size - 1) - *begin + 1;
  return RangeKind::kPart;
}

bool accepts_coding(Text accept_encoding, Text coding) {
  while (!accept_encoding.empty()) {
    Text one = take(accept_encoding, ',');
    if (!equals_ignoring_case(take(one, ';'), coding)) continue;
    // Any weight but 0, 0.0, ...: q=0.5
    const std::size_t value = one.find('=');
    return value == Text::npos || one.find_first_of("123456789", value) != Text::npos;
  }
  return false;
}

Text content_type_of(Text name) {
  using Row = std::pair<Text, Text>;
  static constexpr std::array kTypes = {Row{"avif", "image/avif"},
                                        Row{"css", "text/css; charset=utf-8"},
                                        Row{"csv", "text/csv; charset=utf-8"},
                                        Row{"gif", "image/gif"},
                                        Row{"htm", "text/html; charset=utf-8"},
                                        Row{"html", "text/html; charset=utf-8"},
                                        Row{"ico", "image/x-icon"},
                                        Row{"jpeg", "image/jpeg"},
                                        Row{"jpg", "image/jpeg"},
                                        Row{"js", "text/javascript; charset=utf-8"},
                                        Row{"json", "application/json"},
                                        Row{"map", "application/json"},
                                        Row{"md", "text/markdown; charset=utf-8"},
                                        Row{"mjs", "text/javascript; charset=utf-8"},
                                        Row{"mp3", "audio/mpeg"},
                                        Row{"mp4", "video/mp4"},
                                        Row{"otf", "font/otf"},
                                        Row{"pdf", "application/pdf"},
                                        Row{"png", "image/png"},
                                        Row{"svg", "image/svg+xml"},
                                        Row{"ttf", "font/ttf"},
                                        Row{"txt", "text/plain; charset=utf-8"},
                                        Row{"wasm", "application/wasm"},
                                        Row{"webm", "video/webm"},
                                        Row{"webmanifest", "application/manifest+json"},
                                        Row{"webp", "image/webp"},
                                        Row{"woff", "font/woff"},
                                        Row{"woff2", "font/woff2"},
                                        Row{"xml", "text/xml; charset=utf-8"},
                                        Row{"zip", "application/zip"}};
  const Text ending = name.substr(std::min(name.rfind('.'), name.size() - 1) + 1);
  const auto row = std::find_if(kTypes.begin(), kTypes.end(), [ending](const Row& type) {
    return equals_ignoring_case(ending, type.first);
  });
  return row != kTypes.end() ? row->second : "application/octet-stream";
}

std::optional<std::string> relative_path(Text encoded) {
  std::string path;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    char c = encoded[i];
    if (c == '%') {
      const int high = i + 2 < encoded.size() ? digit_of(encoded[i + 1]) : -1;
      const int low = high >= 0 ? digit_of(encoded[i + 2]) : -1;
      if (low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0' || c == '\\') return std::nullopt;
    path.push_back(c);
  }
  Text rest = path;
  if (rest.empty() || rest.ends_with('/')) return std::nullopt;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const Text part = rest.substr(0, end);
    if (part.empty() || (part.front() == '.' && part != ".well-known")) return std::nullopt;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return path;
}

bool has_hash(Text name) {
  constexpr std::size_t kHashSize = 12;
  name.remove_prefix(std::min(name.rfind('/') + 1, name.size()));
  const std::size_t last = name.rfind('.');
  if (last == Text::npos || last < kHashSize + 1) return false;
  const Text hash = name.substr(last - kHashSize, kHashSize);
  return name[last - kHashSize - 1] == '.' &&
         std::all_of(hash.begin(), hash.end(), [](char c) { return digit_of(c) >= 0; });
}

std::optional<std::int32_t> StaticFiles::answer(alicorn_request& request) const {
  const bool is_read =
      request.method_id == ALICORN_METHOD_GET || request.method_id == ALICORN_METHOD_HEAD;
  if (folders_.empty() || !is_read) return std::nullopt;
  const Text path = view(request.path);
  for (const Folder& folder : folders_) {
    if (!path.starts_with(folder.prefix)) continue;
    const auto relative = relative_path(path.substr(folder.prefix.size()));
    if (!relative) continue;
    Representation chosen =
        choose(folder.path + '/' + *relative, view(alicorn_header(&request, "accept-encoding")));
    if (chosen.file) return send(request, chosen, *relative);
  }
  return std::nullopt;
}

}  // namespace alicorn::python
