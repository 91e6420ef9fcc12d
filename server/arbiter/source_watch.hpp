// Tells when source files change (setting reload, for development). Follows folders with
// inotify(7). Master.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

class SourceWatch {
 public:
  /// What is to be followed.
  struct Sources {
    std::vector<std::string> folders;  ///< with those below
    std::string ending;                ///< of the files there that count
    std::string file;                  ///< one more file; "": none
  };

  /// An editor, a build or a checkout changes files one after the other: only after so much quiet
  /// the last change counts.
  static constexpr milliseconds kQuiet{200};

  /// An Error names the folder that cannot be followed; the others are followed nonetheless.
  Result<void> open(const Sources& sources);
  int fd() const { return inotify_.get(); }  ///< -1: not open. Readable: call due()
  /// Reads what has come. The file that has changed, once, when it is quiet; else nothing.
  std::optional<std::string> due(MonotonicTime now);
  std::optional<MonotonicTime> next_event() const;

 private:
  Result<void> follow(const std::string& folder);
  Result<void> follow_below(const std::string& folder);
  void note(int watch, std::string_view name, bool is_folder, MonotonicTime now);

  UniqueFd inotify_;
  std::string ending_;
  std::string file_;
  std::map<int, std::string> folders_;  ///< by watch descriptor
  std::string changed_;                 ///< "": nothing has changed since
  MonotonicTime changed_at_{};
};

}  // namespace alicorn
