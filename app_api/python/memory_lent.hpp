// Objects whose bytes the host sends in place. The host gives them back on any of its threads,
// which must not wait for the GIL, so they end with the next call of the application. Python
// bridge.
#pragma once

#include "app_api/python/python.hpp"

namespace alicorn::python {

/// A buffer for the host with the bytes of this object: lent if that is cheaper than a copy. The
/// GIL is needed.
alicorn_buffer lend(PyObject* bytes);
/// Ends what has come back. The GIL is needed.
void end_what_came_back();

}  // namespace alicorn::python
