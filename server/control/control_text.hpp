// Formats an answer of the control socket for people. Runs in `alicorn ctl`.
#pragma once

#include "server/control/control_command.hpp"

#include <string>

namespace alicorn {

struct ControlAnswer {
  bool is_ok = false;
  /// With its line end; may be "". For a refusal, the reason.
  std::string text;
};

/// An Error if this is not an answer of an Alicorn server.
Result<ControlAnswer> read_control_answer(const ControlCommand& command, const std::string& answer);

}  // namespace alicorn
