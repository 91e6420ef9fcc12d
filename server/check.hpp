// `alicorn check` and --check-config: report what a start would refuse, without starting anything.
// Runs in the process of that command.
#pragma once

#include "app_api/loader_answer.hpp"
#include "server/config/config.hpp"

#include <string>

namespace alicorn {

/// Runs the dynamic loader of this process in a child. There it maps the library and resolves its
/// symbols, but runs no code: no constructor, and no resolver of an indirect function.
Result<LoaderAnswer> ask_loader(const std::string& path);

/// Both print what they find and return the exit code.
int check_app(WorkerSettings worker);
int check_config(const Config& config);

}  // namespace alicorn
