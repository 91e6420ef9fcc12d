// The stack of a thread in terms of Python, for late requests and crashes. Python bridge; in a
// signal handler, without the GIL.
#pragma once

#include "app_api/python/python.hpp"

namespace alicorn::python {

/// In the worker, before requests. Without it, or if Python does not offer it, there is no trace.
void prepare_trace();
/// alicorn_app.trace
void trace(void* worker_state, void* thread_state, alicorn_trace_write write, void* context);

}  // namespace alicorn::python
