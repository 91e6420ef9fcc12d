// The environ of PEP 3333, built from a request. Python bridge; with the GIL.
#pragma once

#include "app_api/python/header_names.hpp"
#include "app_api/python/kept_environ.hpp"
#include "app_api/python/python.hpp"

#include <array>
#include <string>

namespace alicorn::python {

class Environ {
 public:
  /// What is the same for all requests of a worker.
  struct Facts {
    alicorn_string server_version;
    bool is_multithreaded;
    PyObject* file_wrapper;  ///< the type
  };

  /// False, with an exception set.
  bool prepare(const Facts& facts);
  /// A new dictionary for the request; the application may change it.
  Ref build(const alicorn_request& request, PyObject* input, PyObject* errors);
  void clear();

 private:
  enum Key {
    kRequestMethod,
    kScriptName,
    kPathInfo,
    kQueryString,
    kContentType,
    kContentLength,
    kServerName,
    kServerPort,
    kServerProtocol,
    kRemoteAddress,
    kRemotePort,
    kRequestUri,
    kRawUri,
    kServerSoftware,
    kCookie,
    kWsgiVersion,
    kUrlScheme,
    kInput,
    kErrors,
    kMultithread,
    kMultiprocess,
    kRunOnce,
    kInputTerminated,
    kFileWrapper,
    kKeys
  };
  static constexpr std::array<const char*, kKeys> kNames = {
      "REQUEST_METHOD", "SCRIPT_NAME",           "PATH_INFO",
      "QUERY_STRING",   "CONTENT_TYPE",          "CONTENT_LENGTH",
      "SERVER_NAME",    "SERVER_PORT",           "SERVER_PROTOCOL",
      "REMOTE_ADDR",    "REMOTE_PORT",           "REQUEST_URI",
      "RAW_URI",        "SERVER_SOFTWARE",       "HTTP_COOKIE",
      "wsgi.version",   "wsgi.url_scheme",       "wsgi.input",
      "wsgi.errors",    "wsgi.multithread",      "wsgi.multiprocess",
      "wsgi.run_once",  "wsgi.input_terminated", "wsgi.file_wrapper"};

  PyObject* key(Key which) const { return keys_[which].get(); }
  bool set(PyObject* environ, Key which, const Ref& value) const {
    return value && PyDict_SetItem(environ, key(which), value.get()) == 0;
  }
  bool set(PyObject* environ, Key which, std::string_view value) const {
    return set(environ, which, native(value));
  }
  Ref build_anew(const alicorn_request& request, KeptEnviron* kept);
  Ref build_from_kept(const alicorn_request& request);
  bool update(KeptEnviron& kept, const alicorn_request& request);
  bool set_line(PyObject* environ, const alicorn_request& request);
  bool set_path(PyObject* environ, Key which, std::string_view path);
  bool set_addresses(PyObject* environ, const alicorn_request& request) const;
  bool set_fields(PyObject* environ, const alicorn_request& request, KeptEnviron* kept);
  bool add_field(PyObject* environ, const alicorn_field& field, Ref& variable, Ref& value,
                 bool& is_alone);

  std::array<Ref, kKeys> keys_;
  Ref constants_;  ///< what each environ begins with
  HeaderNames names_;
  KeptEnvirons kept_;
  std::string decoded_;  ///< the path of the last request that had escapes
};

}  // namespace alicorn::python
