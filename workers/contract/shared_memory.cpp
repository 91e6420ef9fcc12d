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
  if (!fd) return fail_errno("memfd_create", name);
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) < 0) return fail_errno("ftruncate", name);
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) < 0) return fail_errno("fcntl F_ADD_SEALS", name);
  return map(std::move(fd), size);
}

Result<SharedMemory> SharedMemory::map(UniqueFd fd, std::size_t size) {
  struct stat found {};
  const bool is_it = ::fstat(fd.get(), &found) == 0 && found.st_size == static_cast<off_t>(size) &&
                     ::fcntl(fd.get(), F_GET_SEALS) == kSeals;
  if (!is_it) return fail("shared memory: another kind of file, or of another size");
  void* const start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (start == MAP_FAILED) return fail_errno("mmap", "shared memory");
  return SharedMemory(std::move(fd), start, size);
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : fd_(std::move(other.fd_)), start_(std::exchange(other.start_, nullptr)), size_(other.size_) {}

SharedMemory::~SharedMemory() {
  if (start_ != nullptr) ::munmap(start_, size_);
}

}  // namespace alicorn
