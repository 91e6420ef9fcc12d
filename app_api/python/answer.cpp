#include "app_api/python/answer.hpp"

#include "app_api/python/file_wrapper.hpp"
#include "app_api/python/memory_lent.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>

#include <alicorn/detail/rules.hpp>

namespace alicorn::python {
namespace {

/// A list of pieces up to this size is sent as one: head and body then leave in one system call.
constexpr std::size_t kJoinedMax = 65'536;

bool require_bytes(PyObject* piece) {
  if (PyBytes_Check(piece)) return true;
  PyErr_Format(PyExc_TypeError, "a piece of a response must be bytes, not %.100s",
               Py_TYPE(piece)->tp_name);
  return false;
}

/// Its size, if it is known before it is iterated; -1: it is not.
Py_ssize_t known_size(PyObject* iterable) {
  const PyTypeObject* const type = Py_TYPE(iterable);
  const bool has_size =
      (type->tp_as_sequence != nullptr && type->tp_as_sequence->sq_length != nullptr) ||
      (type->tp_as_mapping != nullptr && type->tp_as_mapping->mp_length != nullptr);
  if (!has_size) return -1;
  const Py_ssize_t size = PyObject_Size(iterable);
  if (size < 0) PyErr_Clear();
  return size;
}

}  // namespace

bool Answer::start(PyObject* status, PyObject* headers, PyObject* failure) {
  if (!require_own_thread()) return false;
  if (failure != Py_None && !(PyTuple_Check(failure) && PyTuple_GET_SIZE(failure) == 3)) {
    PyErr_SetString(PyExc_TypeError, "exc_info must be a tuple of three, as of sys.exc_info()");
    return false;
  }
  if (failure != Py_None && phase_ >= Phase::kBegun) {
    // The client has seen the head: it only remains to cut the answer.
    PyErr_SetObject(PyTuple_GET_ITEM(failure, 0), PyTuple_GET_ITEM(failure, 1));
    return false;
  }
  if (failure == Py_None && phase_ != Phase::kSilent) {
    PyErr_SetString(PyExc_AssertionError,
                    "start_response was called a second time, without exc_info");
    return false;
  }
  phase_ = Phase::kSilent;
  fields_.clear();
  length_ = -1;
  if (!take_status(status) || !take_headers(headers)) return false;
  phase_ = Phase::kStarted;
  return true;
}

/// "404 Not Found"
bool Answer::take_status(PyObject* status) {
  std::string_view text;
  if (!bytes_of_native(status, text)) {
    PyErr_Format(PyExc_TypeError, "the status must be a str such as '200 OK', not %.100R", status);
    return false;
  }
  int number = 0;
  for (const char c : text.substr(0, 3))
    number = c >= '0' && c <= '9' ? number * 10 + (c - '0') : -1000;
  const bool is_status = text.size() >= 3 && (text.size() == 3 || text[3] == ' ') &&
                         rules::is_final_status(number) && rules::is_field_value(text);
  if (!is_status) {
    PyErr_Format(PyExc_ValueError,
                 "the status must be three digits from 200 to 599 and a reason, not %.100R",
                 status);
    return false;
  }
  status_ = number;
  status_text_ = Ref::share(status);
  return true;
}

/// Only if it is another than the server's own, which costs a call less.
bool Answer::say_reason() {
  std::string_view text;
  bytes_of_native(status_text_.get(), text);
  const std::string_view reason = text.substr(std::min<std::size_t>(text.size(), 4));
  if (reason.empty() || text == "200 OK") return true;
  const std::int32_t result = request_.host->set_reason(&request_, text_of(reason));
  // A longer one is left out.
  return result == ALICORN_ERROR_INVALID || note(result);
}

bool Answer::take_headers(PyObject* headers) {
  if (!PyList_Check(headers)) {
    PyErr_Format(PyExc_TypeError, "the headers must be a list, not %.100s",
                 Py_TYPE(headers)->tp_name);
    return false;
  }
  // A copy: the application may change its list, and the strings must stay.
  headers_ = Ref(PyList_AsTuple(headers));
  if (!headers_) return false;
  const Py_ssize_t count = PyTuple_GET_SIZE(headers_.get());
  try {
    fields_.reserve(static_cast<std::size_t>(count));
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
  }
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!take_header(PyTuple_GET_ITEM(headers_.get(), i))) return false;
  }
  return true;
}

bool Answer::take_header(PyObject* header) {
  std::string_view name, value;
  const bool is_pair = PyTuple_Check(header) && PyTuple_GET_SIZE(header) == 2;
  if (!is_pair || !bytes_of_native(PyTuple_GET_ITEM(header, 0), name) ||
      !bytes_of_native(PyTuple_GET_ITEM(header, 1), value)) {
    PyErr_Format(PyExc_TypeError,
                 "a header must be a tuple of two native strings (str, Latin-1), not %.200R",
                 header);
    return false;
  }
  const alicorn_field field = {text_of(name), text_of(value)};
  rules::CheckedField checked;
  if (rules::check_field(field, checked) != rules::FieldFault::kNone) {
    PyErr_Format(PyExc_ValueError, "a header has characters that HTTP forbids: %.200R", header);
    return false;
  }
  switch (rules::kind_of_field(checked.name)) {
    case rules::FieldKind::kHopByHop:
      return true;  // the server's; Gunicorn drops them, too
    case rules::FieldKind::kContentLength: {
      const auto length = rules::parse_content_length(checked.value);
      if (!length || (length_ >= 0 && *length != length_)) {
        PyErr_Format(PyExc_ValueError, "this is no Content-Length: %.100R", header);
        return false;
      }
      length_ = *length;
      return true;  // the host writes it
    }
    default:
      fields_.push_back(field);
      return true;
  }
}

bool Answer::require_own_thread() const {
  if (PyThread_get_thread_ident() == thread_) return true;
  PyErr_SetString(PyExc_RuntimeError,
                  "start_response and write work only on the thread that serves the request");
  return false;
}

bool Answer::require_started() const {
  if (phase_ != Phase::kSilent) return true;
  PyErr_SetString(PyExc_AssertionError, "the application did not call start_response");
  return false;
}

bool Answer::note(std::int32_t result) {
  if (result >= 0) return true;
  if (result == ALICORN_ERROR_GONE) {
    raise_gone();
  } else if (result == ALICORN_ERROR_MEMORY) {
    PyErr_NoMemory();
  } else {
    PyErr_Format(PyExc_RuntimeError, "the server refuses the response (%d)", result);
  }
  return false;
}

void Answer::raise_gone() {
  const bool is_late =
      request_.host->cancelled(request_.host, request_.token) == ALICORN_CANCEL_DEADLINE;
  gone_ = Ref(PyObject_CallFunction(
      PyExc_BrokenPipeError, "s",
      is_late ? "the time for this request is up, and its client has got a 504"
              : "the client has gone"));
  if (gone_) PyErr_SetObject(PyExc_BrokenPipeError, gone_.get());
}

bool Answer::begin(std::int64_t length) {
  if (!require_started()) return false;
  if (phase_ != Phase::kStarted) return true;
  if (!say_reason()) return false;
  if (!note(request_.host->begin(&request_, status_, fields_.data(),
                                 static_cast<std::uint32_t>(fields_.size()), length))) {
    return false;
  }
  phase_ = Phase::kBegun;
  return true;
}

bool Answer::write(PyObject* bytes) {
  if (!require_own_thread() || !require_started() || !require_bytes(bytes)) return false;
  if (phase_ == Phase::kOver) {
    PyErr_SetString(PyExc_ValueError, "the response is already over");
    return false;
  }
  if (PyBytes_GET_SIZE(bytes) == 0 || phase_ == Phase::kFull) return true;
  if (!begin(length_)) return false;
  const alicorn_buffer buffer = lend(bytes);
  std::int32_t result = 0;
  {
    const GilPause pause;
    result = request_.host->write(&request_, &buffer, 1);
  }
  end_what_came_back();
  // More than the Content-Length allows: the host has cut it off, and says so in its log.
  if (result != ALICORN_ERROR_INVALID) return note(result);
  phase_ = Phase::kFull;
  return true;
}

bool Answer::send(PyObject* result, PyObject* file_wrapper_type) try {
  // Whoever calls write() has begun before.
  if (phase_ <= Phase::kStarted) {
    const bool is_list = PyList_CheckExact(result);
    if (is_list || PyTuple_CheckExact(result)) {
      return send_pieces(result, PySequence_Fast_GET_SIZE(result));
    }
    if (Py_IS_TYPE(result, reinterpret_cast<PyTypeObject*>(file_wrapper_type)) &&
        phase_ == Phase::kStarted) {
      if (const auto file = wrapped_file(result)) return send_file(*file);
    }
  }
  return send_iterated(result);
} catch (const std::bad_alloc&) {
  PyErr_NoMemory();
  return false;
}

bool Answer::send_pieces(PyObject* pieces, Py_ssize_t count) {
  if (!require_started()) return false;
  PyObject* const* const items = PySequence_Fast_ITEMS(pieces);
  std::size_t size = 0;
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!require_bytes(items[i])) return false;
    size += bytes_of(items[i]).size();
  }
  if (is_head() && size == 0) return send_head();
  const bool is_as_said = length_ < 0 || static_cast<std::uint64_t>(length_) == size;
  if (!is_as_said) return send_iterated(pieces);
  if (count <= 1 || size <= kJoinedMax) return send_whole(items, count);
  if (length_ < 0) length_ = static_cast<std::int64_t>(size);
  return send_iterated(pieces);
}

bool Answer::send_whole(PyObject* const* pieces, Py_ssize_t count) {
  alicorn_buffer buffer = {"", 0, nullptr, nullptr};
  std::string joined;
  if (count == 1) {
    buffer = lend(pieces[0]);
  } else {
    for (Py_ssize_t i = 0; i < count; ++i) joined.append(bytes_of(pieces[i]));
    buffer.data = joined.data();
    buffer.size = joined.size();
  }
  if (!say_reason()) return false;
  const std::int32_t result = request_.host->respond(
      &request_, status_, fields_.data(), static_cast<std::uint32_t>(fields_.size()), &buffer);
  if (result >= 0) phase_ = Phase::kOver;
  return note(result);
}

/// Frameworks leave the body of an answer to HEAD away. What they say of its length goes on; if
/// they say nothing, so does the server, since a GET may well have a body.
bool Answer::send_head() {
  if (!begin(length_)) return false;
  phase_ = Phase::kOver;
  return note(request_.host->end(&request_, nullptr, 0));
}

bool Answer::send_file(const WrappedFile& file) {
  if (!say_reason()) return false;
  const int fd = ::fcntl(file.fd, F_DUPFD_CLOEXEC, 3);
  if (fd < 0) {
    PyErr_SetFromErrno(PyExc_OSError);
    return false;
  }
  const std::int32_t result = request_.host->send_file(&request_, status_, fields_.data(),
                                                       static_cast<std::uint32_t>(fields_.size()),
                                                       fd, file.position, length_);
  if (result >= 0) phase_ = Phase::kOver;
  return note(result);
}

bool Answer::send_iterated(PyObject* result) {
  const bool may_be_one = known_size(result) == 1;
  const Ref iterator(PyObject_GetIter(result));
  if (!iterator) return false;
  Ref piece(PyIter_Next(iterator.get()));
  if (piece && may_be_one && phase_ == Phase::kStarted && length_ < 0) {
    // Its __len__() is the application's word, and may be wrong.
    const Ref first = std::move(piece);
    PyObject* const only = first.get();
    piece = Ref(PyIter_Next(iterator.get()));
    if (PyErr_Occurred() != nullptr) return false;
    if (!piece && PyBytes_Check(only)) return send_whole(&only, 1);
    if (!write(only)) return false;
  }
  for (; piece; piece = Ref(PyIter_Next(iterator.get()))) {
    if (!write(piece.get())) return false;
    if (phase_ == Phase::kFull) break;
  }
  return PyErr_Occurred() == nullptr && end();
}

bool Answer::end() {
  if (!require_started()) return false;
  if (phase_ == Phase::kStarted && is_head()) return send_head();
  if (phase_ == Phase::kStarted && length_ <= 0) return send_whole(nullptr, 0);
  if (!begin(length_)) return false;
  phase_ = Phase::kOver;
  const std::int32_t result = request_.host->end(&request_, nullptr, 0);
  // Fewer bytes than the Content-Length says: the host cuts the connection, and says so in its log.
  return result == ALICORN_ERROR_INVALID || note(result);
}

}  // namespace alicorn::python
