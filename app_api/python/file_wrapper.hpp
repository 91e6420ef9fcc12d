// wsgi.file_wrapper: an iterable around a file, which the host sends itself if it is a regular one.
// Python bridge; with the GIL.
#pragma once

#include "app_api/python/python.hpp"

#include <cstdint>
#include <optional>

namespace alicorn::python {

Ref make_file_wrapper_type();

/// A regular file and where the application has come to in it. The descriptor stays the file's.
struct WrappedFile {
  int fd;
  std::int64_t position;
};
/// Nothing: the wrapper has something else, which has to be iterated.
std::optional<WrappedFile> wrapped_file(PyObject* wrapper);

}  // namespace alicorn::python
