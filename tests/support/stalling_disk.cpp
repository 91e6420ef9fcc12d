#include "tests/support/stalling_disk.hpp"

#include <filesystem>

#include <sys/mount.h>
#include <sys/vfs.h>

namespace alicorn::test {
namespace {

constexpr const char* kOperations[] = {"flush",   "open",    "create", "read",  "write",
                                       "getattr", "release", "mkdir",  "rename"};

bool is_fuse(const std::string& path) {
  constexpr auto kFuseMagic = 0x65735546;
  struct statfs status {};
  return ::statfs(path.c_str(), &status) == 0 && status.f_type == kFuseMagic;
}

}  // namespace

StallingDisk::StallingDisk() {
  for (const char* name : {"disk", "store", "orders"}) {
    std::filesystem::create_directory(folder_ / name);
  }
  process_ = std::make_unique<ChildProcess>(ChildProcess::Start{
      .arguments = {"/usr/bin/python3", ALICORN_SOURCE_DIR "/tests/support/stalling_disk.py",
                    folder_ / "disk", folder_ / "store", folder_ / "orders"},
      .output_path = folder_ / "output"});
  is_mounted_ = eventually([&] { return is_fuse(folder_ / "disk") || process_->wait({}); }) &&
                is_fuse(folder_ / "disk");
}

StallingDisk::~StallingDisk() {
  release();
  if (is_mounted_) ::umount2((folder_ / "disk").c_str(), MNT_DETACH);
}

void StallingDisk::stall(const std::string& operation) const {
  std::filesystem::remove(folder_ / "orders/held");
  write_file(folder_ / ("orders/" + operation), "");
}

bool StallingDisk::holds_a_call() const {
  return std::filesystem::exists(folder_ / "orders/held");
}

void StallingDisk::release() const {
  for (const char* operation : kOperations) {
    std::filesystem::remove(folder_ / ("orders/" + std::string(operation)));
  }
}

}  // namespace alicorn::test
