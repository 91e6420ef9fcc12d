#include "app_api/python/kept_environ.hpp"

namespace alicorn::python {

bool KeptEnviron::has_shape_of(const alicorn_request& request) const {
  const bool is_like_it = fields.size() == request.header_count &&
                          (length > 0) == (length_of(request) > 0) &&
                          mount.empty() == (request.mount.size == 0) &&
                          (client_port == 0) == (request.client_port == 0);
  if (!is_like_it) return false;
  std::string_view rest = names;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = rest.substr(0, fields[i].name_size);
    if (view(request.headers[i].name) != name) return false;
    rest.remove_prefix(name.size());
  }
  return true;
}

void KeptEnviron::note(const alicorn_request& request) {
  method = view(request.method);
  target = view(request.target);
  path = view(request.path);
  mount = view(request.mount);
  scheme = view(request.scheme);
  client_address = view(request.client_address);
  server_address = view(request.server_address);
  authority = view(request.authority);
  client_port = request.client_port;
  server_port = request.server_port;
  http_major = request.http_major;
  http_minor = request.http_minor;
  length = length_of(request);
}

}  // namespace alicorn::python
