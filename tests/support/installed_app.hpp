// An app in its own folder that a test replaces by another app. In tests.
#pragma once

#include "tests/support/temporary_folder.hpp"

#include <filesystem>
#include <string>

namespace alicorn::test {

class InstalledApp {
 public:
  explicit InstalledApp(const std::string& app) { replace_by(app); }

  const std::string& path() const { return path_; }
  const TemporaryFolder& folder() const { return folder_; }
  /// Replaces the file as a deployment does: the new file takes over the name, the old one stays
  /// mapped.
  void replace_by(const std::string& app) {
    std::filesystem::copy_file(app, folder_ / "new.so");
    std::filesystem::rename(folder_ / "new.so", path_);
  }

 private:
  TemporaryFolder folder_;
  const std::string path_ = folder_ / "app.so";
};

}  // namespace alicorn::test
