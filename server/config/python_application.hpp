// Python applications: how their names look, and which bridge serves them. Master.
#pragma once

#include "base/result.hpp"
#include "server/config/config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// Has it the shape of "mysite.wsgi", "mysite.wsgi:application" or "mysite:create_app()"? A file
/// may have the same name.
bool is_python_name(std::string_view text);

/// The Python of a virtual environment, "3.11", from its pyvenv.cfg. Empty: it does not say.
std::string python_version_of(std::string_view pyvenv_cfg);

/// The folders in which bridges lie, as this program was installed or built.
std::vector<std::string> bridge_folders();

/// If the configuration names a Python application, and no file has that name: puts the bridge in
/// its place. Paths are absolute already.
Result<void> resolve_python_application(Config& config, const std::vector<std::string>& folders);

/// Where Python looks for modules, as far as it can be told without running it. `pythonpath`: the
/// environment variable PYTHONPATH.
std::vector<std::string> module_folders(const WorkerSettings& worker, std::string_view pythonpath);

/// The file of an application's module, found without running anything. Empty: it is in none of the
/// folders.
std::string find_python_module(std::string_view application,
                               const std::vector<std::string>& folders);

}  // namespace alicorn
