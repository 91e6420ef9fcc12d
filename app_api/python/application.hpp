// The WSGI application: found by its name, and called with each request. Python bridge.
#pragma once

#include "app_api/python/environ.hpp"
#include "app_api/python/log.hpp"
#include "app_api/python/python.hpp"

#include <cstdint>
#include <string_view>

namespace alicorn::python {

/// "mysite.wsgi:application", "mysite.wsgi" (then `application`), "mysite:create_app()".
class Application {
 public:
  /// Imports it. False: it cannot be imported; the log says why. With the GIL.
  bool load(const alicorn_host& host, std::string_view name);
  /// Before any request, and again in the worker. False: there is no memory; the log says so. With
  /// the GIL.
  bool begin(const alicorn_host& host, bool is_multithreaded);
  /// What on_request returns. With the GIL.
  std::int32_t serve(alicorn_request& request);
  void clear();

 private:
  bool make_types();
  bool find(std::string_view name);
  bool call(alicorn_request& request, class Answer& answer, PyObject* input, PyObject* errors,
            const LogTarget& log);

  const alicorn_host* host_ = nullptr;
  Ref application_;
  Ref input_type_, error_stream_type_, start_response_type_, file_wrapper_type_;
  Environ environ_;
};

}  // namespace alicorn::python
