// The command line and the environment as they were given, before they are interpreted. Plain
// values that live as long as the server: a reload and a binary upgrade read them again. Master.
#pragma once

#include "workers/contract/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// One flag with all its values: `-b A -b B` is {"bind", {"A", "B"}}.
struct GivenSetting {
  std::string_view key;  ///< of its row in the settings table
  std::string flag;      ///< the name for messages: "--bind"
  std::vector<std::string> values;
};

/// The variables that change a default; "": not set.
struct Environment {
  std::string port;                 ///< PORT
  std::string web_concurrency;      ///< WEB_CONCURRENCY
  std::string forwarded_allow_ips;  ///< FORWARDED_ALLOW_IPS
  std::string command_arguments;    ///< ALICORN_CMD_ARGS
  std::string control_socket{};     ///< ALICORN_CONTROL_SOCKET, only for `alicorn ctl`
  std::string virtual_env{};        ///< VIRTUAL_ENV
  std::string temporary{};          ///< TMPDIR
};

struct CommandLine {
  enum class Action {
    kServe,
    kPrintText,  ///< --help, --version: print `text`
    kCheckConfig,
    kPrintConfig,
    kCheckApp,  ///< `alicorn check APP.so`
    kMigrate,   ///< `alicorn migrate-config gunicorn.conf.py`
    kReplay,    ///< `alicorn replay FILE APP.so`
    kControl,   ///< `alicorn ctl COMMAND`
  };

  Action action = Action::kServe;
  std::string text;                        ///< for kPrintText
  WorkerSettings checked;                  ///< for kCheckApp: names the application
  std::string migrated_file;               ///< for kMigrate
  std::string replay_file;                 ///< for kReplay; "-": standard input
  std::vector<std::string> control_words;  ///< for kControl: the words after `ctl`

  std::string config_file;                     ///< -c; "": ./alicorn.yaml if it exists
  std::vector<GivenSetting> from_environment;  ///< ALICORN_CMD_ARGS
  std::vector<GivenSetting> from_arguments;    ///< take precedence over from_environment
  Environment environment;

  /// The directory in which the server was started: absolute, symbolic links kept ($PWD). With it a
  /// reload still finds the configuration file after chdir().
  std::string working_directory;
  std::vector<std::string> argv;  ///< unchanged, program name first: for a binary upgrade
};

}  // namespace alicorn
