// The application's shared object: refused or loaded, entered, its table checked. Worker (and
// zygote); the note alone may be read by any process.
#pragma once

#include "alicorn/app.h"
#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace alicorn {

inline constexpr const char* kDefaultAppSymbol = "alicorn_app_entry";

/// What the ELF note says (see ALICORN_NOTE).
struct AppNote {
  std::uint32_t major = 0;
  std::uint32_t minimum_minor = 0;
  std::uint32_t flags = 0;
};

/// The path as the system takes it: a plain file name means the working directory, not the library
/// search path.
std::string app_file_path(const std::string& path);

/// Reads the note without loading the file. Fails when it is no shared object of this architecture,
/// or no app. The note may still be one that this server refuses: see check_app_note().
Result<AppNote> read_app_note(const std::string& path);

/// Can an app with this note run here? `path` is for the message.
Result<void> check_app_note(const AppNote& note, const std::string& path);

/// May the app be loaded before the workers are forked? Reads the note alone.
Result<void> require_preload_safe(const std::string& path);

Result<void> check_preload_safe(std::uint32_t flags, const std::string& path);

/// May an app with these flags be called by so many threads? `path` is for the message.
Result<void> check_threads(std::uint32_t threads, std::uint32_t flags, const std::string& path);

class AppLibrary {
 public:
  /// Checks the note, loads the file, calls its entry point with `host` (which must stay for the
  /// life of the process) and checks the table it returns. Nothing of the app runs unless note and
  /// symbol are right; should another file take the path at that very moment, its constructors run,
  /// and it is refused. The library is never unloaded: threads and thread-local
  /// destructors of the app may outlive any moment one could choose.
  static Result<AppLibrary> load(const std::string& path, const std::string& symbol,
                                 const alicorn_host& host);

  /// The app's table; members that it does not reach are zero, name and version are never NULL.
  const alicorn_app& app() const { return app_; }

 private:
  AppLibrary() = default;

  alicorn_app app_{};
};

/// The app's table as the host uses it, or why it is refused: what load() checks after the entry
/// point returned, for apps that are compiled in. `path` is for messages.
Result<alicorn_app> check_app_table(const alicorn_app* table, const AppNote& note,
                                    const std::string& path);

}  // namespace alicorn
