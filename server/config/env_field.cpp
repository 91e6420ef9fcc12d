// The setting `raw_env`: variables that workers set before they load the application.
#include "server/config/special_fields.hpp"

#include <algorithm>
#include <array>

namespace alicorn {
namespace {

struct Reader {
  std::string_view variable;  ///< a trailing '*' matches every name with this beginning
  std::string_view who;
};

/// Variables that are read when a process starts. They were read long before a worker is forked, so
/// setting them here would do nothing (ld.so(8), mallopt(3)).
constexpr std::array kReadAtTheStart = {
    Reader{"LD_*", "the dynamic loader"},           Reader{"GLIBC_TUNABLES", "the C library"},
    Reader{"MALLOC_*", "the memory allocator"},     Reader{"ASAN_OPTIONS", "the sanitizer"},
    Reader{"TSAN_OPTIONS", "the sanitizer"},        Reader{"LSAN_OPTIONS", "the sanitizer"},
    Reader{"MSAN_OPTIONS", "the sanitizer"},        Reader{"ALICORN_CMD_ARGS", "the server"},
    Reader{"ALICORN_CONTROL_SOCKET", "the server"},
};
/// Exceptions: mtrace() reads MALLOC_TRACE when it is called, and an allocator that comes with the
/// application reads MALLOC_CONF when it is loaded.
constexpr std::array<std::string_view, 2> kReadLater = {"MALLOC_TRACE", "MALLOC_CONF"};

std::string_view reader_of(std::string_view name) {
  if (std::find(kReadLater.begin(), kReadLater.end(), name) != kReadLater.end()) return {};
  for (const Reader& reader : kReadAtTheStart) {
    const std::string_view pattern = reader.variable;
    const bool is_it = pattern.ends_with('*')
                           ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                           : name == pattern;
    if (is_it) return reader.who;
  }
  return {};
}

Result<void> check_name(const std::string& name) {
  // "export A=1", "A = 1" and "A: b=1" are habits from shells and YAML; no program reads such
  // names.
  const auto is_fine = [](char c) { return c > ' ' && c <= '~' && c != ':'; };
  if (!std::all_of(name.begin(), name.end(), is_fine)) {
    return fail("must be NAME=VALUE with a name of visible characters without blanks, not \"" +
                name + "=...\"");
  }
  const std::string_view reader = reader_of(name);
  if (reader.empty()) return {};
  return fail("names " + name + ", which " + std::string(reader) +
              " read when the server started, so it would have no effect: set it in the "
              "environment that the server is started with (systemd: Environment=)");
}

}  // namespace

Field env_field() {
  const auto access = [](auto& config) -> auto& {
    return config.env;
  };
  Field field = named_texts_field(access, Field::Shape::kMap, "environment variables, NAME=VALUE");
  field.set = [set = field.set](Config& config, const Values& values) -> Result<void> {
    Config draft;
    if (auto done = set(draft, values); !done) return done;
    for (const auto& [name, value] : draft.env) {
      if (auto fine = check_name(name); !fine) return fine;
    }
    config.env = std::move(draft.env);
    return {};
  };
  return field;
}

}  // namespace alicorn
