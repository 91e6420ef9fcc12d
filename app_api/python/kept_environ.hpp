// The environ of a connection's last request, for the next one: consecutive requests of a client
// differ in little. Decides what of it is still right. Python bridge; with the GIL.
#pragma once

#include "app_api/python/python.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace alicorn::python {

struct KeptEnviron {
  /// A header field of its own name: none has come twice.
  struct Field {
    std::size_t name_size;
    Ref key;    ///< in the environ; empty: it is there as something else
    Ref value;  ///< in the environ
  };

  explicit KeptEnviron(const alicorn_request& request) { note(request); }

  /// Is it worth keeping? A client chooses how much it sends.
  static bool is_small(const alicorn_request& request) {
    constexpr std::size_t kSizeMax = 8192;
    std::size_t size = request.target.size;
    for (std::uint32_t i = 0; i < request.header_count; ++i) {
      size += request.headers[i].name.size + request.headers[i].value.size;
    }
    return size <= kSizeMax;
  }
  /// Has a request the same entries, though perhaps with other values?
  bool has_shape_of(const alicorn_request& request) const;
  /// The environ fits this request from now on, except for its fields.
  void note(const alicorn_request& request);

  bool has_line_of(const alicorn_request& request) const {
    return method == view(request.method) && target == view(request.target) &&
           path == view(request.path) && mount == view(request.mount) &&
           http_major == request.http_major && http_minor == request.http_minor &&
           scheme == view(request.scheme);
  }
  bool has_addresses_of(const alicorn_request& request) const {
    return client_address == view(request.client_address) && client_port == request.client_port &&
           server_port == request.server_port &&
           (!server_address.empty() ||
            (authority == view(request.authority) && scheme == view(request.scheme)));
  }

  /// Of the body of a request, which has come as a whole. 0: it has none.
  static std::int64_t length_of(const alicorn_request& request) {
    return request.body.size > 0 ? static_cast<std::int64_t>(request.body.size)
                                 : std::max<std::int64_t>(request.content_length, 0);
  }

  Ref environ;  ///< without the parts that end with the request
  std::vector<Field> fields;
  std::string names;  ///< of the fields, one after the other

  std::string method, target, path, mount, scheme, client_address, server_address, authority;
  std::uint16_t client_port = 0, server_port = 0, http_major = 0, http_minor = 0;
  std::int64_t length = 0;
};

/// Those of some connections. An older one gives way to a newer one.
class KeptEnvirons {
 public:
  /// Takes out that of the connection; null: there is none. While it is out, nobody else has it:
  /// the interpreter may run other threads at any time.
  std::unique_ptr<KeptEnviron> take(std::uint64_t connection) {
    Place& place = place_of(connection);
    return place.connection == connection ? std::move(place.environ) : nullptr;
  }
  void put(std::uint64_t connection, std::unique_ptr<KeptEnviron> environ) {
    Place& place = place_of(connection);
    place.connection = connection;
    std::swap(place.environ, environ);
  }
  void clear() {
    for (Place& place : places_) place = Place();
  }

 private:
  struct Place {
    std::uint64_t connection = 0;
    std::unique_ptr<KeptEnviron> environ;
  };
  /// Some 5 KiB each (24 fields), 20 at most. A proxy keeps a few dozen connections.
  static constexpr std::size_t kPlaces = 256;

  Place& place_of(std::uint64_t connection) { return places_[connection % kPlaces]; }

  std::array<Place, kPlaces> places_;
};

}  // namespace alicorn::python
