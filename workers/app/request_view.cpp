#include "workers/app/request_view.hpp"

#include "base/log.hpp"
#include "workers/http/abi_string.hpp"

namespace alicorn {

void RequestView::open(HttpRequest& request) {
  std::swap(request_, request);
  view_ = alicorn_request{};
  view_.struct_size = sizeof view_;
  view_.method_id = request_.method_id;
  view_.method = as_abi(request_.method);
  view_.target = as_abi(request_.target);
  view_.path = as_abi(request_.path);
  view_.query = as_abi(request_.query);
  view_.authority = as_abi(request_.authority);
  view_.http_major = request_.version_major;
  view_.http_minor = request_.version_minor;
  view_.header_count = static_cast<std::uint32_t>(request_.fields.size());
  view_.headers = request_.fields.data();
  view_.content_length = request_.content_length;
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
  log::error(message, {{"request_id", id_}, {"method", request_.method}, {"path", request_.path}});
}

}  // namespace alicorn
