#include "workers/contract/shared_memory.hpp"

#include <gtest/gtest.h>

#include <string>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace alicorn {
namespace {

TEST(SharedMemory, IsMappedByADescriptor) {
  const auto made = SharedMemory::create("test", 4096);
  ASSERT_TRUE(made);
  const auto mapped = SharedMemory::map(UniqueFd(::dup(made->fd())), 4096);
  ASSERT_TRUE(mapped);
  static_cast<char*>(made->start())[4095] = 'x';
  EXPECT_EQ(static_cast<char*>(mapped->start())[4095], 'x');
  EXPECT_NE(mapped->start(), made->start());
}

TEST(SharedMemory, CannotBeMadeSmaller) {
  const auto made = SharedMemory::create("test", 4096);
  ASSERT_TRUE(made);
  EXPECT_LT(::ftruncate(made->fd(), 0), 0);
  EXPECT_LT(::ftruncate(made->fd(), 8192), 0);
}

TEST(SharedMemory, IsThereWithoutADescriptorToo) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 1024, .rlim_max = before.rlim_max};
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto made = SharedMemory::create("test", 4096);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  ASSERT_TRUE(made);
  EXPECT_LT(made->fd(), 0);
  EXPECT_EQ(static_cast<char*>(made->start())[4095], 0);
}

TEST(SharedMemory, IsNoOtherFile) {
  const auto made = SharedMemory::create("test", 4096);
  ASSERT_TRUE(made);
  EXPECT_FALSE(SharedMemory::map(UniqueFd(::dup(made->fd())), 8192)) << "of another size";
  EXPECT_FALSE(SharedMemory::map(UniqueFd(), 4096));
  const int loose = ::memfd_create("test", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(loose, 4096), 0);
  EXPECT_FALSE(SharedMemory::map(UniqueFd(loose), 4096)) << "others could shrink it";
}

}  // namespace
}  // namespace alicorn
