#include "app_api/app_library.hpp"

#include "app_api/elf_file.hpp"
#include "app_api/loaded_object.hpp"
#include "base/shortage.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <dlfcn.h>

namespace alicorn {
namespace {

constexpr std::uint32_t kKnownFlags =
    ALICORN_APP_THREAD_SAFE | ALICORN_APP_PRELOAD_SAFE | ALICORN_APP_STREAM_BODY;
constexpr std::uint32_t kNoteType = 1;
// A table that claims to be larger is garbage: the ABI grows by a few pointers at a time.
constexpr std::uint32_t kTableSizeMax = 4096;
constexpr std::uint32_t kTableSizeMin = offsetof(alicorn_app, on_request) + sizeof(void*);

std::string version_text(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

Result<void> check_defines(const ElfFile& file, const std::string& path,
                           const std::string& symbol) {
  // If the file does not tell, dlsym will.
  if (file.defines_symbol(symbol).value_or(true)) return {};
  std::string message = path + ": missing symbol " + symbol;
  message += symbol == kDefaultAppSymbol
                 ? ", the entry point of every app: it is not defined, or not exported"
                 : ", the requested entry point";
  return fail(std::move(message));
}

Result<AppNote> note_among(const std::vector<ElfFile::Note>& notes, const std::string& path) {
  for (const ElfFile::Note& found : notes) {
    if (found.type != kNoteType || found.description.size() != sizeof(AppNote)) continue;
    AppNote note;
    std::memcpy(&note, found.description.data(), sizeof(note));
    return note;
  }
  return fail(path +
              " is not an Alicorn app: it has no Alicorn note (see ALICORN_APP in alicorn/app.h)");
}

constexpr std::string_view kNoteOwner = "Alicorn";
constexpr std::string_view kBuildOwner = "GNU";
constexpr std::uint32_t kBuildType = 3;  // NT_GNU_BUILD_ID

Result<AppNote> note_of(const ElfFile& file, const std::string& path) {
  return note_among(file.notes(kNoteOwner), path);
}

std::vector<ElfFile::Note> notes_of_loaded(void* handle, std::string_view owner) {
  std::vector<ElfFile::Note> notes;
  for (const std::string_view segment : notes_of_library(handle)) {
    for (ElfFile::Note& note : ElfFile::notes_in(segment, owner)) notes.push_back(std::move(note));
  }
  return notes;
}

std::string build_among(const std::vector<ElfFile::Note>& notes) {
  for (const ElfFile::Note& note : notes) {
    if (note.type == kBuildType) return note.description;
  }
  return "";
}

/// The loader opens the path again, and if it has already loaded a library of that name it returns
/// that one. We cannot give it the descriptor (/proc/self/fd/N): $ORIGIN would be /proc/self/fd,
/// and debuggers would look for that file.
bool is_what_was_loaded(const ElfFile& file, void* handle, const std::string& file_path) {
  if (!file.is_still_at(file_path)) return false;
  if (notes_of_loaded(handle, kNoteOwner) != file.notes(kNoteOwner)) return false;
  const std::string checked = build_among(file.notes(kBuildOwner));
  const std::string loaded = build_among(notes_of_loaded(handle, kBuildOwner));
  return checked.empty() || loaded.empty() || checked == loaded;
}

/// The loader usually ends its message with the text of the errno, except when it could not map the
/// file.
std::string with_limit(std::string text) {
  for (const int error : {EMFILE, ENFILE, ENOMEM}) {
    const bool is_it =
        text.ends_with(std::error_code(error, std::system_category()).message()) ||
        (error == ENOMEM && text.ends_with("failed to map segment from shared object"));
    if (!is_it) continue;
    if (const std::string limit = name_limit(error); !limit.empty()) {
      return text.append(" (").append(limit).append(")");
    }
  }
  return text;
}

alicorn_string non_null(alicorn_string text) {
  return text.data == nullptr ? alicorn_string{"", 0} : text;
}

}  // namespace

static_assert(sizeof(AppNote) == 12, "the note's description, word for word");

std::string app_file_path(const std::string& path) {
  return path.find('/') == std::string::npos ? "./" + path : path;
}

Result<AppNote> read_app_note(const std::string& path) {
  const auto file = ElfFile::open(app_file_path(path));
  if (!file) return tl::unexpected(file.error());
  return note_of(*file, path);
}

Result<void> require_preload_safe(const std::string& path) {
  const auto note = read_app_note(path);
  if (!note) return tl::unexpected(note.error());
  return check_preload_safe(note->flags, path);
}

Result<void> check_preload_safe(std::uint32_t flags, const std::string& path) {
  if ((flags & ALICORN_APP_PRELOAD_SAFE) != 0) return {};
  return fail("preload is on, but the app " + path +
              " is not marked ALICORN_APP_PRELOAD_SAFE: switch preload off, or see "
              "docs/fork_safety.md for what the mark promises");
}

Result<void> check_threads(std::uint32_t threads, std::uint32_t flags, const std::string& path) {
  if (threads <= 1 || (flags & ALICORN_APP_THREAD_SAFE) != 0) return {};
  return fail("threads: " + std::to_string(threads) + ", but the app " + path +
              " is not marked ALICORN_APP_THREAD_SAFE: set threads to 1, or add workers");
}

Result<void> check_app_note(const AppNote& note, const std::string& path) {
  if (note.major != ALICORN_ABI_MAJOR) {
    return fail(path + " is built for ABI " + version_text(note.major, note.minimum_minor) +
                ", this server speaks ABI " + std::to_string(ALICORN_ABI_MAJOR) +
                ".x only: rebuild it");
  }
  if (note.minimum_minor > ALICORN_ABI_MINOR) {
    return fail(path + " needs ABI " + version_text(note.major, note.minimum_minor) +
                " or later, this server speaks " +
                version_text(ALICORN_ABI_MAJOR, ALICORN_ABI_MINOR) + ": upgrade the server");
  }
  if ((note.flags & ~kKnownFlags) != 0) {
    return fail(path + " sets flags that this server does not know (bits " +
                std::to_string(note.flags & ~kKnownFlags) + "): upgrade the server");
  }
  return {};
}

Result<alicorn_app> check_app_table(const alicorn_app* table, const AppNote& note,
                                    const std::string& path) {
  if (table == nullptr)
    return fail(path + ": the app refuses to start (its entry point returned NULL)");
  if (table->struct_size < kTableSizeMin || table->struct_size > kTableSizeMax) {
    return fail(path + ": the app's table has an impossible struct_size, " +
                std::to_string(table->struct_size));
  }
  // A newer app's table is longer than ours, an older one's is shorter. Members that are missing
  // are zero.
  alicorn_app app{};
  std::memcpy(&app, table, std::min<std::size_t>(table->struct_size, sizeof(app)));
  if (app.abi_major != note.major || app.abi_minor != note.minimum_minor) {
    return fail(path + ": the app's table is for ABI " +
                version_text(app.abi_major, app.abi_minor) + ", its note for " +
                version_text(note.major, note.minimum_minor));
  }
  if (app.flags != note.flags) {
    return fail(path + ": the flags in the app's table (" + std::to_string(app.flags) +
                ") are not those in its note (" + std::to_string(note.flags) + ")");
  }
  if (app.run_model != ALICORN_RUN_POOL && app.run_model != ALICORN_RUN_LOOP) {
    return fail(path + ": the app asks for a run model that this server does not know, " +
                std::to_string(app.run_model));
  }
  if (app.reserved != 0) return fail(path + ": the app's table has a reserved member set");
  if (app.on_request == nullptr) return fail(path + ": the app's table has no on_request");
  app.name = non_null(app.name);
  app.version = non_null(app.version);
  return app;
}

Result<AppLibrary> AppLibrary::load(const std::string& path, const std::string& symbol,
                                    const alicorn_host& host) {
  const std::string file_path = app_file_path(path);
  const auto file = ElfFile::open(file_path);
  if (!file) return tl::unexpected(file.error());
  const auto note = note_of(*file, path);
  if (!note) return tl::unexpected(note.error());
  if (auto accepted = check_app_note(*note, path); !accepted)
    return tl::unexpected(accepted.error());
  if (auto found = check_defines(*file, path, symbol); !found) return tl::unexpected(found.error());

  // RTLD_LOCAL: two apps, or an app and one of the server's libraries, must not see each other's
  // symbols.
  void* handle = ::dlopen(file_path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    return fail(with_limit(std::string("cannot load the app: ") + ::dlerror()));
  if (!is_what_was_loaded(*file, handle, file_path)) {
    return fail(path +
                ": the file was replaced while it was being loaded, so what was loaded is "
                "not what was checked: start again");
  }
  void* address = ::dlsym(handle, symbol.c_str());
  if (address == nullptr) return fail(path + ": missing symbol " + symbol);

  const auto entry = reinterpret_cast<const alicorn_app* (*)(const alicorn_host*)>(address);
  auto app = check_app_table(entry(&host), *note, path);
  if (!app) return tl::unexpected(app.error());
  AppLibrary library;
  library.app_ = *app;
  return library;
}

}  // namespace alicorn
