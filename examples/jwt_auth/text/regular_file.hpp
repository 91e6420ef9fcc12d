// Reads the small files that settings name. A user who may change a folder of the path can put a
// pipe there; that must not keep us waiting for the pipe's other end. Any thread.
#pragma once

#include <stdexcept>
#include <string>

#include <sys/stat.h>

namespace jwt_auth {

/// Why the file cannot be read, without its name: "Permission denied", "it is a pipe, not a regular
/// file".
class FileProblem : public std::runtime_error {
 public:
  explicit FileProblem(const std::string& text, int error = 0)
      : std::runtime_error(text), error_(error) {}
  /// The errno; 0 if no call failed.
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
