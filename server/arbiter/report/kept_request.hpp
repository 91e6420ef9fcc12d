// What the master's log says of the request that crashed a worker. Master.
#pragma once

#include "server/config/config.hpp"
#include "workers/contract/kept_request.hpp"

#include <string>

namespace alicorn {

/// One line, or "" where there is nothing to say. `config`: the worker's.
std::string describe_kept_request(const KeptRequest& kept, const Config& config);

}  // namespace alicorn
