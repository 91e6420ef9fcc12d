// Words of a shell: splits ALICORN_CMD_ARGS, with quotes but without expansions, and quotes words
// of commands that the server recommends. Master.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace alicorn {

/// 'single', "double" and \ as in POSIX sh; $, `, * and # are ordinary characters.
Result<std::vector<std::string>> split_words(std::string_view text);

/// A word for a shell, in quotes if it needs them.
std::string quoted_word(std::string_view word);

}  // namespace alicorn
