// The answer of an application to one request, from start_response to the last byte. Python bridge;
// with the GIL.
#pragma once

#include "app_api/python/python.hpp"

#include <cstdint>
#include <vector>

namespace alicorn::python {

class Answer {
 public:
  explicit Answer(alicorn_request& request) : request_(request) {}
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
  /// Nobody reads it any more.
  bool client_is_gone() const { return is_gone_; }

 private:
  enum class Phase {
    kSilent,   ///< start_response has not been called
    kStarted,  ///< and could still be called with exc_info
    kBegun,    ///< the head has left
    kOver,
  };

  bool take_status(PyObject* status);
  bool take_headers(PyObject* headers);
  bool take_header(PyObject* header);
  bool require_started() const;
  bool begin(std::int64_t length);
  bool send_pieces(PyObject* pieces, Py_ssize_t count);
  bool send_whole(PyObject* const* pieces, Py_ssize_t count);
  bool send_file(PyObject* wrapper);
  bool send_iterated(PyObject* result);
  bool end();
  /// False, with an exception set, if the host has refused; also if the client has gone.
  bool note(std::int32_t result);

  alicorn_request& request_;
  Phase phase_ = Phase::kSilent;
  std::int32_t status_ = 0;
  Ref headers_;  ///< keeps the strings that fields_ shows
  std::vector<alicorn_field> fields_;
  std::int64_t length_ = -1;  ///< of the body, as the application says
  bool is_gone_ = false;
};

/// The function that the application gets.
Ref make_start_response_type();
Ref make_start_response(PyObject* type, Answer& answer);
/// From now on calls of it fail.
void end_start_response(PyObject* start_response);

}  // namespace alicorn::python
