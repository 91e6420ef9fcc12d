// Where each setting's value came from, and how a message names that. Master.
#pragma once

#include "base/result.hpp"

#include <map>
#include <string>
#include <string_view>

namespace alicorn {

/// Key -> where its value came from: "alicorn.yaml:3", "command line", "PORT". A key that is not in
/// it has its default.
using Sources = std::map<std::string_view, std::string>;

inline constexpr std::string_view kFromArguments = "command line";
inline constexpr std::string_view kFromCommandVariable = "ALICORN_CMD_ARGS";

/// An error that begins with a key ("pidfile ...") as the setting's source would have it:
/// "alicorn.yaml:3: pidfile ...", "--pid ...". Where that is a default nothing changes.
Error named_by_source(Error error, const Sources& sources);

}  // namespace alicorn
