// From defaults, YAML file, ALICORN_CMD_ARGS and command line to one Config, later wins. The only
// user of yaml-cpp. Master, at start and on every reload; never exits, never changes the process.
#pragma once

#include "base/result.hpp"
#include "server/config/command_line.hpp"
#include "server/config/config.hpp"
#include "server/config/sources.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// Loaded and checked. An Error is a sentence that names file, line and column, or the flag.
Result<Config> load_config(const CommandLine& command_line, Sources* sources = nullptr);

struct Reloaded {
  Config config;
  std::vector<std::string_view>
      need_restart;  ///< keys that were changed, but keep their running value until a restart
};

/// The same sources, read again. A configuration file that `running` came from and that is gone is
/// an Error: falling back to defaults would take the service off its port.
Result<Reloaded> reload_config(const CommandLine& command_line, const Config& running);
/// The two steps of that, the first of which a disk may hold up.
Result<std::string> read_config_file(const CommandLine& command_line);
Result<Reloaded> reload_config(const CommandLine& command_line, const Config& running,
                               const Result<std::string>& text);

/// Defaults overlaid with this YAML and nothing else; `name` is what messages call it. Not
/// validated across keys.
Result<Config> load_config_text(std::string_view yaml, std::string_view name);

}  // namespace alicorn
