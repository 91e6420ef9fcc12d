#include "app_api/python/environ.hpp"

#include <charconv>
#include <utility>

namespace alicorn::python {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Decodes %XX. What is no escape stays as it is.
void decode(std::string_view path, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool is_escape = path[i] == '%' && path.size() - i > 2 && digit_of(path[i + 1]) >= 0 &&
                           digit_of(path[i + 2]) >= 0;
    if (!is_escape) {
      decoded.push_back(path[i]);
      continue;
    }
    decoded.push_back(static_cast<char>(digit_of(path[i + 1]) * 16 + digit_of(path[i + 2])));
    i += 2;
  }
}

template <class Number>
Ref decimal(Number number) {
  char text[24];
  const auto end = std::to_chars(std::begin(text), std::end(text), number).ptr;
  return native({text, static_cast<std::size_t>(end - text)});
}

struct HostAndPort {
  std::string_view host, port;
};
/// "example.org:8000", "[::1]:8000"
HostAndPort split(std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && bracket > colon)) {
    return {authority, {}};
  }
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

}  // namespace

bool Environ::prepare(const Facts& facts) {
  for (int i = 0; i < kKeys; ++i) {
    keys_[static_cast<std::size_t>(i)] =
        Ref(PyUnicode_InternFromString(kNames.at(static_cast<std::size_t>(i))));
    if (!keys_[static_cast<std::size_t>(i)]) return false;
  }
  constants_ = Ref(PyDict_New());
  if (!constants_) return false;
  PyObject* const constants = constants_.get();
  const Ref version(Py_BuildValue("(ii)", 1, 0));
  const auto flag = [](bool value) { return Ref::share(value ? Py_True : Py_False); };
  return set(constants, kWsgiVersion, version) &&
         set(constants, kServerSoftware, "alicorn/" + std::string(view(facts.server_version))) &&
         set(constants, kScriptName, "") &&
         set(constants, kMultithread, flag(facts.is_multithreaded)) &&
         set(constants, kMultiprocess, flag(true)) && set(constants, kRunOnce, flag(false)) &&
         set(constants, kInputTerminated, flag(true)) &&
         set(constants, kFileWrapper, Ref::share(facts.file_wrapper));
}

Ref Environ::build(const alicorn_request& request, PyObject* input, PyObject* errors) {
  Ref environ(PyDict_Copy(constants_.get()));
  if (!environ) return {};
  PyObject* const dictionary = environ.get();
  const bool is_built = set(dictionary, kInput, Ref::share(input)) &&
                        set(dictionary, kErrors, Ref::share(errors)) &&
                        set_line(dictionary, request) && set_addresses(dictionary, request) &&
                        set_fields(dictionary, request);
  return is_built ? std::move(environ) : Ref();
}

bool Environ::set_line(PyObject* environ, const alicorn_request& request) {
  const Ref target = native(view(request.target));
  const char* const protocol = request.http_major == 2   ? "HTTP/2.0"
                               : request.http_minor == 0 ? "HTTP/1.0"
                                                         : "HTTP/1.1";
  return set(environ, kRequestMethod, view(request.method)) &&
         set(environ, kQueryString, view(request.query)) &&
         set(environ, kServerProtocol, std::string_view(protocol)) &&
         set(environ, kUrlScheme, view(request.scheme)) && set(environ, kRequestUri, target) &&
         set(environ, kRawUri, target) && set_path(environ, kPathInfo, view(request.path)) &&
         (request.mount.size == 0 || set_path(environ, kScriptName, view(request.mount)));
}

bool Environ::set_path(PyObject* environ, Key which, std::string_view path) {
  if (path.find('%') == std::string_view::npos) return set(environ, which, path);
  decode(path, decoded_);
  return set(environ, which, decoded_);
}

/// Behind a unix socket there are no addresses. The server's name and port, which an environ must
/// have, are then those to which the client believes to talk.
bool Environ::set_addresses(PyObject* environ, const alicorn_request& request) const {
  if (!set(environ, kRemoteAddress, view(request.client_address))) return false;
  if (request.client_port != 0 && !set(environ, kRemotePort, decimal(request.client_port))) {
    return false;
  }
  if (request.server_address.size > 0) {
    return set(environ, kServerName, view(request.server_address)) &&
           set(environ, kServerPort, decimal(request.server_port));
  }
  auto [host, port] = split(view(request.authority));
  if (host.empty()) host = "localhost";
  if (port.empty()) port = view(request.scheme) == "https" ? "443" : "80";
  return set(environ, kServerName, host) && set(environ, kServerPort, port);
}

bool Environ::set_fields(PyObject* environ, const alicorn_request& request) {
  // A chunked body has come as a whole, so its length is known.
  const bool has_length = request.content_length > 0 || request.body.size > 0;
  if (has_length &&
      !set(environ, kContentLength,
           request.body.size > 0 ? decimal(request.body.size) : decimal(request.content_length))) {
    return false;
  }
  for (std::uint32_t i = 0; i < request.header_count; ++i) {
    if (!add_field(environ, request.headers[i])) return false;
  }
  return true;
}

bool Environ::add_field(PyObject* environ, const alicorn_field& field) {
  const std::string_view name = view(field.name);
  if (name == "content-type") return set(environ, kContentType, view(field.value));
  if (name == "content-length") {
    // A body of no bytes, of which set_fields() has said nothing.
    return PyDict_Contains(environ, key(kContentLength)) != 0 ||
           set(environ, kContentLength, view(field.value));
  }
  const Ref variable = names_.find(name);
  Ref value = native(view(field.value));
  if (!variable || !value) return false;
  PyObject* const earlier = PyDict_GetItemWithError(environ, variable.get());
  if (earlier != nullptr) {
    const bool is_cookie = PyUnicode_Compare(variable.get(), key(kCookie)) == 0;
    value = Ref(PyUnicode_FromFormat(is_cookie ? "%U; %U" : "%U,%U", earlier, value.get()));
  } else if (PyErr_Occurred() != nullptr) {
    return false;
  }
  return value && PyDict_SetItem(environ, variable.get(), value.get()) == 0;
}

void Environ::clear() {
  for (Ref& key : keys_) key = Ref();
  constants_ = Ref();
  names_.clear();
}

}  // namespace alicorn::python
