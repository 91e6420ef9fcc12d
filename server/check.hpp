// `alicorn check` and --check-config: what would be refused at the start, told without it.
#pragma once

#include "app_api/loader_answer.hpp"
#include "server/config/config.hpp"

#include <string>

namespace alicorn {

/// The dynamic loader of this process, in a process of its own in which it maps and resolves and
/// runs nothing: no constructor, and no resolver of an indirect function.
Result<LoaderAnswer> ask_loader(const std::string& path);

/// Both print what they find, and give the exit code.
int check_app(const std::string& path, const std::string& symbol);
int check_config(const Config& config);

}  // namespace alicorn
