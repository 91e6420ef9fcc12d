#include "workers/contract/shared_memory.hpp"

#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// A process that has the descriptor could otherwise take the memory away from all others.
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

}  // namespace

Result<SharedMemory> SharedMemory::create(const char* name, std::size_t size) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const bool is_whole = fd && ::ftruncate(fd.get(), static_cast<off_t>(size)) == 0 &&
                        ::fcntl(fd.get(), F_ADD_SEALS, kSeals) == 0;
  if (!is_whole) fd.reset();
  return map_any(std::move(fd), size);
}

Result<SharedMemory> SharedMemory::map(UniqueFd fd, std::size_t size) {
  struct stat found {};
  const bool is_it = ::fstat(fd.get(), &found) == 0 && found.st_size == static_cast<off_t>(size) &&
                     ::fcntl(fd.get(), F_GET_SEALS) == kSeals;
  if (!is_it) return fail("shared memory: another kind of file, or of another size");
  return map_any(std::move(fd), size);
}

Result<SharedMemory> SharedMemory::map_any(UniqueFd fd, std::size_t size) {
  const int flags = fd ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS;
  void* const start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd.get(), 0);
  if (start == MAP_FAILED) return fail_errno("mmap", "shared memory");
  return SharedMemory(std::move(fd), start, size);
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : fd_(std::move(other.fd_)), start_(std::exchange(other.start_, nullptr)), size_(other.size_) {}

SharedMemory::~SharedMemory() {
  if (start_ != nullptr) ::munmap(start_, size_);
}

}  // namespace alicorn
