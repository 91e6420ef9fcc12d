// The app's view of a request, and the bytes that its views point to. They stay until the app has
// finished, even when the connection goes first. Worker. Written before the request starts; later
// only by the callback that runs, or after the request is over.
#pragma once

#include "alicorn/app.h"
#include "workers/http/parser.hpp"
#include "workers/net/input_buffer.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alicorn {

class RequestView {
 public:
  /// Takes the parsed head over. The host must still fill in its own part, and the connection the
  /// addresses, times and ids.
  void open(HttpParser& parser);

  const HttpRequest& request() const { return *request_; }
  /// The request as the ABI shows it.
  alicorn_request& abi() { return view_; }
  const alicorn_request& abi() const { return view_; }
  std::string& id() { return id_; }
  const std::string& id() const { return id_; }
  std::string_view received_head() const { return received_head_; }

  /// As received. Does not move as long as views point into it.
  void set_received_head(std::string_view head) { received_head_ = head; }
  /// Copies, because the connection's own strings serve its next client while the app may still
  /// look.
  void set_addresses(std::string_view client, std::string_view server);
  /// Only before the start, or in the callback that has just read the end of the body: afterwards
  /// the app may read these at any time.
  void show_trailers(const std::vector<alicorn_field>& trailers) {
    view_.trailers = trailers.data();
    view_.trailer_count = static_cast<std::uint32_t>(trailers.size());
  }
  /// The connection goes, and leaves behind the bytes that the views point to.
  void keep_input(InputBuffer&& buffer) { kept_input_ = std::move(buffer); }
  void release_input() { kept_input_.release(); }

  void log_error(std::string_view message) const;

 private:
  std::unique_ptr<HttpRequest> request_ = std::make_unique<HttpRequest>();
  alicorn_request view_{};
  std::string id_, client_address_, server_address_;
  std::string_view received_head_;
  InputBuffer kept_input_;
};

}  // namespace alicorn
