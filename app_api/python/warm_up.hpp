// Requests that the bridge itself makes before any client comes (preload_requests): what an
// application imports and fills with its first requests is there then, and is shared by the workers
// that are forked afterwards. Python bridge; on the main thread, with the GIL.
#pragma once

#include "app_api/python/application.hpp"
#include "app_api/python/python.hpp"

#include <string>
#include <vector>

namespace alicorn::python {

/// One that fails is logged, and stops nothing.
void warm_up(const alicorn_host& host, Application& application,
             const std::vector<std::string>& wishes);

}  // namespace alicorn::python
