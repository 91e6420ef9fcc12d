// What the master's log says about the request that crashed a worker. Master.
#pragma once

#include "server/config/config.hpp"
#include "workers/contract/kept_request.hpp"

#include <string>

namespace alicorn {

/// One line, or "" if there is nothing to say. `config`: the worker's.
std::string describe_kept_request(const KeptRequest& kept, const Config& config);

}  // namespace alicorn
