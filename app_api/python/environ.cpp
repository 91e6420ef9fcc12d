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
         // They have their places in each copy.
         set(constants, kInput, Ref::share(Py_None)) &&
         set(constants, kErrors, Ref::share(Py_None)) &&
         set(constants, kFileWrapper, Ref::share(facts.file_wrapper));
}

Ref Environ::build(const alicorn_request& request, PyObject* input, PyObject* errors) {
  Ref environ = request.request_number > 1 && KeptEnviron::is_small(request)
                    ? build_from_kept(request)
                    : build_anew(request, nullptr);
  const bool is_built = environ && set(environ.get(), kInput, Ref::share(input)) &&
                        set(environ.get(), kErrors, Ref::share(errors));
  return is_built ? std::move(environ) : Ref();
}

/// Of all but the parts that end with the request. `kept`: to be filled for the next request; its
/// fields stay empty if they cannot be kept.
Ref Environ::build_anew(const alicorn_request& request, KeptEnviron* kept) {
  Ref environ(PyDict_Copy(constants_.get()));
  const bool is_built = environ && set_line(environ.get(), request) &&
                        set_addresses(environ.get(), request) &&
                        set_fields(environ.get(), request, kept);
  return is_built ? std::move(environ) : Ref();
}

/// The connection is no longer new, so there may be one from its last request.
Ref Environ::build_from_kept(const alicorn_request& request) {
  std::unique_ptr<KeptEnviron> kept = kept_.take(request.connection);
  if (kept != nullptr && kept->has_shape_of(request)) {
    if (!update(*kept, request)) return {};
  } else {
    kept = std::make_unique<KeptEnviron>(request);
    kept->environ = build_anew(request, kept.get());
    if (!kept->environ) return {};
    if (kept->fields.size() != request.header_count) return std::move(kept->environ);
  }
  Ref environ(PyDict_Copy(kept->environ.get()));
  kept_.put(request.connection, std::move(kept));
  return environ;
}

/// Replaces what is different in this request. If it fails half-way, it must not be kept.
bool Environ::update(KeptEnviron& kept, const alicorn_request& request) {
  PyObject* const environ = kept.environ.get();
  if (!kept.has_line_of(request) && !set_line(environ, request)) return false;
  if (!kept.has_addresses_of(request) && !set_addresses(environ, request)) return false;
  const std::int64_t length = KeptEnviron::length_of(request);
  if (kept.length != length && !set(environ, kContentLength, decimal(length))) return false;
  for (std::size_t i = 0; i < kept.fields.size(); ++i) {
    KeptEnviron::Field& field = kept.fields[i];
    const std::string_view value = view(request.headers[i].value);
    std::string_view before;
    if (!field.key || (bytes_of_native(field.value.get(), before) && before == value)) continue;
    field.value = native(value);
    if (!field.value || PyDict_SetItem(environ, field.key.get(), field.value.get()) != 0) {
      return false;
    }
  }
  kept.note(request);
  return true;
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

bool Environ::set_fields(PyObject* environ, const alicorn_request& request, KeptEnviron* kept) {
  const std::int64_t length = KeptEnviron::length_of(request);
  if (length > 0 && !set(environ, kContentLength, decimal(length))) return false;
  for (std::uint32_t i = 0; i < request.header_count; ++i) {
    const alicorn_field& field = request.headers[i];
    Ref variable, value;
    bool is_alone = false;
    if (!add_field(environ, field, variable, value, is_alone)) return false;
    if (kept == nullptr) continue;
    if (!is_alone) {
      kept->fields.clear();
      kept = nullptr;
      continue;
    }
    kept->names.append(view(field.name));
    kept->fields.push_back({field.name.size, std::move(variable), std::move(value)});
  }
  return true;
}

/// `is_alone`: none of the same name has come before, and the environ depends on nothing else of it
/// than `value` under `variable`.
bool Environ::add_field(PyObject* environ, const alicorn_field& field, Ref& variable, Ref& value,
                        bool& is_alone) {
  const std::string_view name = view(field.name);
  if (name == "content-length") {
    const int is_known = PyDict_Contains(environ, key(kContentLength));
    is_alone = is_known == 1;
    // A body of no bytes, of which set_fields() has said nothing.
    return is_known == 1 || (is_known == 0 && set(environ, kContentLength, view(field.value)));
  }
  variable = name == "content-type" ? Ref::share(key(kContentType)) : names_.find(name);
  value = native(view(field.value));
  if (!variable || !value) return false;
  PyObject* const earlier = PyDict_GetItemWithError(environ, variable.get());
  if (earlier != nullptr) {
    const bool is_cookie = PyUnicode_Compare(variable.get(), key(kCookie)) == 0;
    value = Ref(PyUnicode_FromFormat(is_cookie ? "%U; %U" : "%U,%U", earlier, value.get()));
  } else if (PyErr_Occurred() != nullptr) {
    return false;
  }
  is_alone = earlier == nullptr;
  return value && PyDict_SetItem(environ, variable.get(), value.get()) == 0;
}

void Environ::clear() {
  kept_.clear();
  for (Ref& key : keys_) key = Ref();
  constants_ = Ref();
  names_.clear();
}

}  // namespace alicorn::python
