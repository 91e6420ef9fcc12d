// Zygotes and new masters that not even SIGKILL has ended in time. Nobody waits for them any
// longer, but they remain children of the master until they end. Master.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <sys/types.h>

namespace alicorn {

class LeftBehind {
 public:
  /// A disk that does not answer must not fill the machine with processes that wait for it.
  static constexpr std::size_t kMax = 16;

  /// `name`: "the zygote", for the line that says how it ended.
  void add(pid_t pid, std::string name);
  bool is_full() const { return children_.size() >= kMax; }
  /// Why no further process is started when this is full.
  static std::string refusal();
  bool has(pid_t pid) const;
  /// Whether the process was one of them.
  bool on_exit(pid_t pid);

 private:
  struct Child {
    pid_t pid;
    std::string name;
  };

  std::vector<Child> children_;
};

}  // namespace alicorn
