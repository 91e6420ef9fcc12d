// Splits ALICORN_CMD_ARGS into words, with a shell's quotes but without its expansions. Master.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// 'single', "double" and \ as in POSIX sh; $, `, * and # are ordinary characters.
Result<std::vector<std::string>> split_words(std::string_view text);

}  // namespace alicorn
