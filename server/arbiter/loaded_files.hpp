// Which file each worker has loaded its app from, to know one that was written over since: what a
// worker runs is that very file, mapped. Master.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <sys/types.h>

namespace alicorn {

class LoadedFiles {
 public:
  /// When the worker of this slot is started.
  void note(std::uint32_t slot, const std::string& path);
  /// It is the same file, with another content. Not one that has taken its name.
  bool is_written_over(std::uint32_t slot, const std::string& path) const;

 private:
  struct Stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    std::int64_t modified_s, modified_ns;
  };
  static std::optional<Stamp> look_at(const std::string& path);

  std::map<std::uint32_t, Stamp> of_slots_;
};

}  // namespace alicorn
