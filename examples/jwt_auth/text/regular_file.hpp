// Reads the small files that settings name. Whoever may change a folder of the path can put a pipe
// there, and must not keep us waiting for its other end. Any thread.
#pragma once

#include <stdexcept>
#include <string>

#include <sys/stat.h>

namespace jwt_auth {

/// Why there is nothing to read, without the file's name: "Permission denied", "it is a pipe, not a
/// regular file".
class FileProblem : public std::runtime_error {
 public:
  explicit FileProblem(const std::string& text, int error = 0)
      : std::runtime_error(text), error_(error) {}
  /// errno's value; 0 where no call has failed.
  int error() const { return error_; }

 private:
  int error_;
};

struct RegularFile {
  std::string text;
  struct stat status {};
};

/// The whole file. Throws FileProblem.
RegularFile read_regular_file(const std::string& path, std::size_t size_max);

}  // namespace jwt_auth
