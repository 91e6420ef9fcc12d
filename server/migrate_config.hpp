// `alicorn migrate-config gunicorn.conf.py`: writes what a Gunicorn configuration says as a
// configuration of Alicorn. Runs in the process of that command.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace alicorn {

/// A variable of the file.
struct GunicornVariable {
  std::string name;
  std::string value;  ///< as JSON, which is YAML, too; "": it is a function
};

/// The configuration in YAML. What has no counterpart is named in comments.
std::string migrate(const std::vector<GunicornVariable>& variables, const std::string& file);

/// Executes the file with Python, prints the configuration, and returns the exit code.
int migrate_config(const std::string& file);

}  // namespace alicorn
