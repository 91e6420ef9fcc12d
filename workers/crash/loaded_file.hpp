// The state of the app's file when it was loaded. A worker runs code that is mapped from this file.
// Overwriting the file, instead of replacing it by another one, therefore damages running code.
// Worker, zygote.
#pragma once

#include "workers/crash/crash_handler.hpp"

#include <atomic>
#include <cstdint>
#include <string>

#include <sys/stat.h>

namespace alicorn {

class LoadedFile {
 public:
  /// Call this before the file is loaded.
  void note(const std::string& path);
  /// True if it is the same file with different content, and not another file of the same name.
  /// Async-signal-safe.
  bool is_written_over() const noexcept;
  /// Main thread, before it runs any app code: a crash stores in `written_over` whether the file
  /// was overwritten. Both objects must live as long as the process.
  void tell_in_crash(std::atomic<std::uint32_t>& written_over);

 private:
  std::string path_;
  struct stat noted_ {};
  bool is_noted_ = false;
  std::atomic<std::uint32_t>* written_over_ = nullptr;
};

}  // namespace alicorn
