// What was asked for on the command line and in the environment, before it is given a meaning.
// Plain values that are kept for the server's life: a reload and a binary upgrade read them again.
// Master.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// One flag with everything it was given: `-b A -b B` is {"bind", {"A", "B"}}.
struct GivenSetting {
  std::string_view key;  ///< of its row in the settings table
  std::string flag;      ///< as messages name it: "--bind"
  std::vector<std::string> values;
};

/// The variables that change a default; "": not set.
struct Environment {
  std::string port;                 ///< PORT
  std::string web_concurrency;      ///< WEB_CONCURRENCY
  std::string forwarded_allow_ips;  ///< FORWARDED_ALLOW_IPS
  std::string command_arguments;    ///< ALICORN_CMD_ARGS
  std::string control_socket{};     ///< ALICORN_CONTROL_SOCKET, of `alicorn ctl` alone
};

struct CommandLine {
  enum class Action {
    kServe,
    kPrintText,  ///< --help, --version: `text` is the answer
    kCheckConfig,
    kPrintConfig,
    kCheckApp,  ///< `alicorn check APP.so`
    kReplay,    ///< `alicorn replay FILE APP.so`
    kControl,   ///< `alicorn ctl COMMAND`
  };

  Action action = Action::kServe;
  std::string text;                        ///< of kPrintText
  std::string app_path;                    ///< of kCheckApp
  std::string app_symbol;                  ///< of kCheckApp
  std::string replay_file;                 ///< of kReplay; "-": standard input
  std::vector<std::string> control_words;  ///< of kControl: what stands behind `ctl`

  std::string config_file;                     ///< -c; "": ./alicorn.yaml if it is there
  std::vector<GivenSetting> from_environment;  ///< ALICORN_CMD_ARGS
  std::vector<GivenSetting> from_arguments;    ///< win over those of the environment
  Environment environment;

  /// Where the server was started, absolute, symbolic links kept ($PWD): after chdir() a reload
  /// still finds the configuration file.
  std::string working_directory;
  std::vector<std::string> argv;  ///< as given, program name first: for a binary upgrade
};

}  // namespace alicorn
