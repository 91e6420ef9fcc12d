// wsgi.input: the body of a request as a file to read from. Python bridge; with the GIL.
#pragma once

#include "app_api/python/python.hpp"

#include <string_view>

namespace alicorn::python {

/// The type; empty, with an exception set, if it cannot be made.
Ref make_input_type();

/// A new input. The body must be readable until end_input().
Ref make_input(PyObject* type, std::string_view body);
/// The request is over: whoever still has the input is told so if he reads on.
void end_input(PyObject* input);

}  // namespace alicorn::python
