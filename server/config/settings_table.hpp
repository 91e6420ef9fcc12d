// The one table of all settings. Command line, YAML, --help, --print-config and
// docs/configuration.md are derived from its rows. Master.
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

/// What it takes for a change to have an effect.
enum class Takes { kReload, kRestart };

struct Setting {
  std::string_view key;    ///< in YAML
  std::string_view flags;  ///< "-w,--workers": short, long, Gunicorn's other spelling; "": no flag
  Group group;
  Takes takes;
  std::string_view metavar;  ///< stands for the value in --help
  std::string_view help;     ///< a sentence without the full stop
  std::string_view details;  ///< more sentences for the documents; may be ""
  Field field;
};

/// A flag that asks for something else than serving.
struct CommandFlag {
  std::string_view flags;
  std::string_view metavar;
  std::string_view help;
};

inline constexpr CommandFlag kConfigFlag{"-c,--config", "PATH",
                                         "Configuration file [./alicorn.yaml if it exists]"};
inline constexpr CommandFlag kCheckConfigFlag{
    "--check-config", "", "Check the configuration and the application, then exit"};
inline constexpr CommandFlag kPrintConfigFlag{
    "--print-config", "", "Print every setting and its source, with secrets, then exit"};
inline constexpr CommandFlag kVersionFlag{"-v,--version", "", "Print the versions, then exit"};
inline constexpr CommandFlag kHelpFlag{"-h,--help", "", "Print this text, then exit"};

std::span<const Setting> settings_table();
const Setting* find_setting(std::string_view key);  ///< null: there is none
std::string_view title_of(Group group);

/// The first long flag: "--workers"; "" if there is none.
std::string_view long_flag(std::string_view flags);
/// "-w" of "-w,--workers", or "".
std::string_view short_flag(std::string_view flags);

/// The initialisers of Config, plus the default bind, which they cannot express.
Config default_config();

/// Sets one setting from any source. An Error begins with `name`: "NAME must be ...".
Result<void> assign(const Setting& setting, std::string_view name, const Values& values,
                    Config& config);

/// A sentence for each of Gunicorn's settings that has no meaning here; "" for all other keys.
std::string not_applicable(std::string_view key);

}  // namespace alicorn
