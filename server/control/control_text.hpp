// An answer of the control socket, as `alicorn ctl` shows it to people.
#pragma once

#include "server/control/control_command.hpp"

#include <string>

namespace alicorn {

struct ControlAnswer {
  bool is_ok = false;
  /// With its line end; "" where there is nothing to say. Of a refusal: the reason.
  std::string text;
};

/// An Error: that is no answer of an Alicorn server.
Result<ControlAnswer> read_control_answer(const ControlCommand& command, const std::string& answer);

}  // namespace alicorn
