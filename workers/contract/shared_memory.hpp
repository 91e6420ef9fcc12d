// Memory that forked processes share, with a descriptor by which a program that was not forked from
// its maker can map it, too. Nobody can change its size.
#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstddef>

namespace alicorn {

class SharedMemory {
 public:
  /// Zeroes. `name` appears in /proc. If there can be no descriptor (ulimit -f holds for it, too),
  /// there is only the memory.
  static Result<SharedMemory> create(const char* name, std::size_t size);
  /// What another program has created. An error: it is no such memory, or has another size.
  static Result<SharedMemory> map(UniqueFd fd, std::size_t size);
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&&) = delete;
  ~SharedMemory();

  void* start() const { return start_; }
  int fd() const { return fd_.get(); }  ///< -1: it cannot be passed on

 private:
  static Result<SharedMemory> map_any(UniqueFd fd, std::size_t size);
  SharedMemory(UniqueFd fd, void* start, std::size_t size)
      : fd_(std::move(fd)), start_(start), size_(size) {}

  UniqueFd fd_;
  void* start_;
  std::size_t size_;
};

}  // namespace alicorn
