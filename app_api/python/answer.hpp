// The answer of an application to one request, from start_response to the last byte. Python bridge;
// with the GIL.
#pragma once

#include "app_api/python/python.hpp"

#include <cstdint>
#include <vector>

namespace alicorn::python {

class Answer {
 public:
  /// On the thread that serves the request.
  explicit Answer(alicorn_request& request)
      : request_(request), thread_(PyThread_get_thread_ident()) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  // Both may fail as Python functions do.

  /// start_response(status, headers[, exc_info]). `failure` is none, or (type, value, traceback).
  bool start(PyObject* status, PyObject* headers, PyObject* failure);
  /// A piece of the body; what has been started leaves with the first one that is not empty.
  bool write(PyObject* bytes);

  /// Sends what the application has returned. False, with an exception set: it has failed. Does not
  /// close it.
  bool send(PyObject* result, PyObject* file_wrapper_type);
  /// Is this the exception by which the application was told that nobody reads the response any
  /// more? Others are faults of the application, also then.
  bool has_raised(const Raised& raised) const { return gone_ && raised.value() == gone_.get(); }

 private:
  enum class Phase {
    kSilent,   ///< start_response has not been called
    kStarted,  ///< and could still be called with exc_info
    kBegun,    ///< the head has left
    kFull,     ///< more was written than the Content-Length allows: the rest is dropped
    kOver,
  };

  bool take_status(PyObject* status);
  bool say_reason();
  bool take_headers(PyObject* headers);
  bool take_header(PyObject* header);
  bool require_own_thread() const;
  bool require_started() const;
  bool begin(std::int64_t length);
  bool send_pieces(PyObject* pieces, Py_ssize_t count);
  bool send_whole(PyObject* const* pieces, Py_ssize_t count);
  bool send_file(const struct WrappedFile& file);
  bool send_iterated(PyObject* result);
  bool send_head();
  bool end();
  /// False, with an exception set, if the host has refused; also if the client has gone.
  bool note(std::int32_t result);
  void raise_gone();
  bool is_head() const { return request_.method_id == ALICORN_METHOD_HEAD; }

  alicorn_request& request_;
  const unsigned long thread_;  ///< NOLINT(google-runtime-int): CPython's type
  Phase phase_ = Phase::kSilent;
  std::int32_t status_ = 0;
  Ref status_text_;  ///< with the reason
  Ref headers_;      ///< keeps the strings that fields_ shows
  std::vector<alicorn_field> fields_;
  std::int64_t length_ = -1;  ///< of the body, as the application says
  Ref gone_;  ///< the exception that says that the client has gone; empty: it has not
};

/// The function that the application gets.
Ref make_start_response_type();
Ref make_start_response(PyObject* type, Answer& answer);
/// From now on calls of it fail.
void end_start_response(PyObject* start_response);

}  // namespace alicorn::python
