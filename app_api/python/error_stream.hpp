// wsgi.errors: text for the server's error log. Python bridge; with the GIL.
#pragma once

#include "app_api/python/log.hpp"

namespace alicorn::python {

/// The type; empty, with an exception set, if it cannot be made.
Ref make_error_stream_type();

/// A stream whose lines name this request.
Ref make_error_stream(PyObject* type, const LogTarget& target);
/// The request is over: logs what has no end of line, and lines from now on name no request.
void end_error_stream(PyObject* stream);

}  // namespace alicorn::python
