// What an errand brings back: texts, open files and what went wrong, over a stream socket. Both
// ends.
#pragma once

#include "base/lingering_fd.hpp"
#include "base/result.hpp"

#include <deque>
#include <string>
#include <vector>

namespace alicorn {

struct ErrandFind {
  std::string text{};
  LingeringFd fd{};
};
using ErrandFinds = std::vector<Result<ErrandFind>>;

/// Waits for the reader. If the reader is gone, the finds are discarded.
void send_finds(int socket, const ErrandFinds& finds);

/// Assembles what has arrived so far.
class ErrandReader {
 public:
  enum class State { kUnfinished, kWhole, kBroken };

  /// Reads all that can be read without waiting.
  State read(int socket);
  /// To be called when State is kWhole.
  ErrandFinds take() { return std::move(finds_); }

 private:
  bool parse();
  void take_file(std::string text);

  std::string bytes_;
  std::deque<LingeringFd> fds_;
  ErrandFinds finds_;
  bool is_whole_ = false;
};

}  // namespace alicorn
