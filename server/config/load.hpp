// Merges defaults, YAML file, ALICORN_CMD_ARGS and command line into one Config; later sources win.
// Runs in the master, at start and on every reload. Never exits and never changes the process.
#pragma once

#include "base/result.hpp"
#include "server/config/command_line.hpp"
#include "server/config/config.hpp"
#include "server/config/sources.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// Loads and checks. An Error is a sentence that names file, line and column, or the flag.
Result<Config> load_config(const CommandLine& command_line, Sources* sources = nullptr);

struct Reloaded {
  Config config;
  std::vector<std::string_view>
      need_restart;  ///< changed keys that keep their running value until a restart
};

/// Reads the same sources again. If the configuration file of `running` no longer exists, that is
/// an Error: falling back to defaults would take the service off its port.
Result<Reloaded> reload_config(const CommandLine& command_line, const Config& running);
/// The same in two steps; only the first may be held up by a disk.
Result<std::string> read_config_file(const CommandLine& command_line);
Result<Reloaded> reload_config(const CommandLine& command_line, const Config& running,
                               const Result<std::string>& text);

/// The defaults overlaid with this YAML and nothing else. Messages call it `name`. Rules across
/// keys are not checked.
Result<Config> load_config_text(std::string_view yaml, std::string_view name);

}  // namespace alicorn
