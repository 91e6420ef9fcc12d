#include "workers/app/request_view.hpp"

#include "base/log.hpp"
#include "workers/http/abi_string.hpp"

namespace alicorn {

void RequestView::open(HttpParser& parser) {
  parser.swap_request(request_);
  const HttpRequest& request = *request_;
  view_ = alicorn_request{};
  view_.struct_size = sizeof view_;
  view_.method_id = request.method_id;
  view_.method = as_abi(request.method);
  view_.target = as_abi(request.target);
  view_.path = as_abi(request.path);
  view_.query = as_abi(request.query);
  view_.authority = as_abi(request.authority);
  view_.http_major = request.version_major;
  view_.http_minor = request.version_minor;
  view_.header_count = static_cast<std::uint32_t>(request.fields.size());
  view_.headers = request.fields.data();
  view_.content_length = request.content_length;
  view_.body = as_abi("");
}

void RequestView::set_addresses(std::string_view client, std::string_view server) {
  // A call mostly serves the clients of the same proxy.
  if (client_address_ != client) client_address_ = client;
  if (server_address_ != server) server_address_ = server;
  view_.client_address = as_abi(client_address_);
  view_.server_address = as_abi(server_address_);
}

void RequestView::log_error(std::string_view message) const {
  log::error(message,
             {{"request_id", id_}, {"method", request_->method}, {"path", request_->path}});
}

}  // namespace alicorn
