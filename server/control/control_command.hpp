// The commands for a running server, each one line of words. In the master and in `alicorn ctl`.
#pragma once

#include "base/log.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace alicorn {

struct ControlCommand {
  enum class Verb {
    kStatus,
    kWorkers,
    kRequests,
    kReload,
    kScale,
    kRecycle,
    kReopen,
    kStop,
    kLogLevel,
  };

  Verb verb = Verb::kStatus;
  bool wait = false;         ///< reload, stop: answer when done
  bool quick = false;        ///< stop
  std::uint32_t number = 0;  ///< scale: workers; recycle: the worker, as in "worker 3"
  log::Level level = log::Level::kInfo;
};

/// A row of `alicorn ctl --help`.
struct ControlVerb {
  ControlCommand::Verb verb;
  std::string_view name;
  std::string_view usage;  ///< "reload [--wait]"
  std::string_view help;
};
std::span<const ControlVerb> control_verbs();

/// An Error is a sentence that says what would have been right.
Result<ControlCommand> parse_control_command(std::string_view line);

}  // namespace alicorn
