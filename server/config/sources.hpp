// Records where each setting's value came from, and names that place in messages. Master.
#pragma once

#include "base/result.hpp"

#include <map>
#include <string>
#include <string_view>

namespace alicorn {

/// Maps a key to the place its value came from: "alicorn.yaml:3", "command line", "PORT". A key
/// that is missing has its default.
using Sources = std::map<std::string_view, std::string>;

inline constexpr std::string_view kFromArguments = "command line";
inline constexpr std::string_view kFromCommandVariable = "ALICORN_CMD_ARGS";

/// Rewrites an error that begins with a key ("pidfile ...") to name the setting's source:
/// "alicorn.yaml:3: pidfile ...", "--pid ...". If the value is a default, the error stays as it is.
Error named_by_source(Error error, const Sources& sources);

}  // namespace alicorn
