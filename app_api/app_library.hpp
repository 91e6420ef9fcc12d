// The app's shared object: checks it, loads it, calls its entry point, and checks the table it
// returns. Worker and zygote; any process may read the note.
#pragma once

#include "alicorn/app.h"
#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace alicorn {

inline constexpr const char* kDefaultAppSymbol = "alicorn_app_entry";

/// The content of the ELF note (see ALICORN_NOTE).
struct AppNote {
  std::uint32_t major = 0;
  std::uint32_t minimum_minor = 0;
  std::uint32_t flags = 0;
};

/// The path for the system: a plain file name means the working directory, not the library search
/// path.
std::string app_file_path(const std::string& path);

/// Reads the note without loading the file. Fails if the file is not a shared object for this
/// architecture, or not an app. The note may still be one that this server refuses: see
/// check_app_note().
Result<AppNote> read_app_note(const std::string& path);

/// Checks that an app with this note can run here. `path` is for the message.
Result<void> check_app_note(const AppNote& note, const std::string& path);

/// Checks that the app may be loaded before the workers are forked. Reads only the note.
Result<void> require_preload_safe(const std::string& path);

Result<void> check_preload_safe(std::uint32_t flags, const std::string& path);

/// Checks that this many threads may call an app with these flags. `path` is for the message.
Result<void> check_threads(std::uint32_t threads, std::uint32_t flags, const std::string& path);

class AppLibrary {
 public:
  /// Checks the note, loads the file, calls its entry point with `host` (which must live as long as
  /// the process) and checks the table it returns. No app code runs unless note and symbol are
  /// right. There is one exception: if the file is replaced at that very moment, the constructors
  /// of the new file run before it is refused. The library is never unloaded, because the app's
  /// threads and thread-local destructors may run at any time.
  static Result<AppLibrary> load(const std::string& path, const std::string& symbol,
                                 const alicorn_host& host);

  /// The app's table. Members beyond its end are zero; name and version are never NULL.
  const alicorn_app& app() const { return app_; }

 private:
  AppLibrary() = default;

  alicorn_app app_{};
};

/// The app's table as the host uses it, or the reason for refusing it. load() makes this check
/// after the entry point has returned; apps that are compiled in use it directly. `path` is for
/// messages.
Result<alicorn_app> check_app_table(const alicorn_app* table, const AppNote& note,
                                    const std::string& path);

}  // namespace alicorn
