// Every setting, said once: command line, YAML, --help, --print-config and docs/configuration.md
// derive from these rows. Master.
#pragma once

#include "base/result.hpp"
#include "server/config/config.hpp"
#include "server/config/field.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

enum class Group {
  kApplication,
  kListening,
  kWorkers,
  kDeadlines,
  kLimits,
  kProxies,
  kLogs,
  kCrashes,
  kProcess
};

/// What a change needs to take effect.
enum class Takes { kReload, kRestart };

struct Setting {
  std::string_view key;    ///< in YAML
  std::string_view flags;  ///< "-w,--workers": short, long, Gunicorn's other spelling; "": no flag
  Group group;
  Takes takes;
  std::string_view metavar;  ///< of its value in --help
  std::string_view help;     ///< a sentence without its full stop
  std::string_view details;  ///< more sentences, for documents; ""
  Field field;
};

/// A flag that says what to do instead of how to serve.
struct CommandFlag {
  std::string_view flags;
  std::string_view metavar;
  std::string_view help;
};

inline constexpr CommandFlag kConfigFlag{"-c,--config", "PATH",
                                         "Configuration file [./alicorn.yaml if it is there]"};
inline constexpr CommandFlag kCheckConfigFlag{"--check-config", "",
                                              "Check configuration and application, then exit"};
inline constexpr CommandFlag kPrintConfigFlag{
    "--print-config", "", "Print every setting and its source, secrets too, then exit"};
inline constexpr CommandFlag kVersionFlag{"-v,--version", "", "Print the versions, then exit"};
inline constexpr CommandFlag kHelpFlag{"-h,--help", "", "Print this text, then exit"};

std::span<const Setting> settings_table();
const Setting* find_setting(std::string_view key);  ///< null: none has this key
std::string_view title_of(Group group);

/// The first long flag: "--workers"; "" where there is none.
std::string_view long_flag(std::string_view flags);
/// "-w" of "-w,--workers", or "".
std::string_view short_flag(std::string_view flags);

/// Config's initialisers, and the bind that they cannot hold.
Config default_config();

/// Sets one setting from any source. An Error reads `NAME must be ...`.
Result<void> assign(const Setting& setting, std::string_view name, const Values& values,
                    Config& config);

/// For Gunicorn's settings that cannot mean anything here: a sentence that says so. "" for all
/// others.
std::string not_applicable(std::string_view key);

}  // namespace alicorn
