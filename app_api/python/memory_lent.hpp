// Objects whose bytes the host sends in place. The host gives them back on any of its threads,
// which must not wait for the GIL, so they end when Python runs next. Python bridge; with the GIL.
#pragma once

#include "app_api/python/python.hpp"

namespace alicorn::python {

/// A buffer for the host with the bytes of this object: lent if that is cheaper than a copy.
alicorn_buffer lend(PyObject* bytes);
/// Ends what has come back.
void end_what_came_back();
/// At the end of a request: ends what has come back, and takes care that the rest ends when the
/// response has been sent, also if no other request follows.
void end_soon_what_is_lent(alicorn_request& request);

}  // namespace alicorn::python
