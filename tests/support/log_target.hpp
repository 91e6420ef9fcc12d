// Targets of logs in tests: a FIFO whose reader may be stuck, in addition to the files of a folder.
#pragma once

#include "base/unique_fd.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn::test {

/// Open for reading from the start, but read only on request.
class Fifo {
 public:
  explicit Fifo(std::string path) : path_(std::move(path)) {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    reader_.reset(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    EXPECT_TRUE(static_cast<bool>(reader_));
  }
  const std::string& path() const { return path_; }

  /// Everything that is in the FIFO now.
  std::string read_available() {
    std::string all;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::read(reader_.get(), buffer, sizeof(buffer))) > 0;) {
      all.append(buffer, static_cast<std::size_t>(size));
    }
    return all;
  }
  /// Waits for the next bytes. Returns "" when every writer has closed.
  std::string read_some() {
    char buffer[4096];
    for (;;) {
      pollfd entry{.fd = reader_.get(), .events = POLLIN, .revents = 0};
      EXPECT_EQ(::poll(&entry, 1, kPatienceMs), 1);
      const ssize_t size = ::read(reader_.get(), buffer, sizeof(buffer));
      if (size >= 0) return std::string(buffer, static_cast<std::size_t>(size));
      if (errno != EAGAIN || ::testing::Test::HasFailure()) return "";
    }
  }
  void close_reader() { reader_.reset(); }
  /// Fills the FIFO. Nobody can write until it is read.
  void fill() const {
    const UniqueFd writer(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    const std::string page(4096, 'x');
    while (::write(writer.get(), page.data(), page.size()) > 0) continue;
    EXPECT_EQ(errno, EAGAIN);
  }

 private:
  static constexpr int kPatienceMs = 20'000;

  std::string path_;
  UniqueFd reader_;
};

}  // namespace alicorn::test
