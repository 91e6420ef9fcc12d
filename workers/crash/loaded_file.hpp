// The app's file as it was when it was loaded. What a worker runs is that very file, mapped: who
// writes over it, rather than put another one in its place, damages code that runs. Worker, zygote.
#pragma once

#include "workers/crash/crash_handler.hpp"

#include <atomic>
#include <cstdint>
#include <string>

#include <sys/stat.h>

namespace alicorn {

class LoadedFile {
 public:
  /// Before it is loaded.
  void note(const std::string& path);
  /// It is the same file, with another content; not one that has taken its name. Async-signal-safe.
  bool is_written_over() const noexcept;
  /// Main thread, before it runs anything of the app: a crash stores in `written_over` whether that
  /// is so. Both live as long as the process.
  void tell_in_crash(std::atomic<std::uint32_t>& written_over);

 private:
  std::string path_;
  struct stat noted_ {};
  bool is_noted_ = false;
  std::atomic<std::uint32_t>* written_over_ = nullptr;
};

}  // namespace alicorn
