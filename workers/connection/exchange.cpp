#include "workers/connection/exchange.hpp"

#include "base/log.hpp"
#include "workers/contract/mount.hpp"
#include "workers/http/abi_string.hpp"

namespace alicorn {
namespace {

std::int64_t since(std::uint64_t end, std::uint64_t start) {
  return end > start ? static_cast<std::int64_t>(end - start) : std::int64_t{0};
}

}  // namespace

void ConnectionEnds::set(const Address& new_peer, const Address& new_local,
                         const ForwardedTrust& trust) {
  // Behind a proxy only the port changes, and an address as text costs thousands of instructions.
  if (!new_peer.has_ip_of(peer)) {
    peer_ip = without_mapping(new_peer.ip());
    peer_is_trusted = trust.trusts(new_peer);
  }
  peer = new_peer;
  if (!new_local.has_ip_of(local)) local_ip = new_local.ip();
  local = new_local;
}

void Exchange::describe_to(AppCall& call, CallClient& client, RequestReader& reader,
                           std::uint64_t now_us) {
  const HttpRequest& request = reader.parser().request();
  method_id_ = request.method_id;
  version_minor_ = request.version_minor;
  client_keeps_alive_ = request.keep_alive;
  client_ip_ = client_.address;
  RequestView& facts = call.facts();
  // Only a trusted peer's id is there: any other could pass for another request in the logs.
  const std::string_view given_id = client_.request_id;
  facts.id().assign(RequestIds::acceptable(given_id) ? given_id : context_.ids.next());
  call.open(client, reader.parser(), reader.body_in_place());
  facts.set_received_head(reader.received_head());
  facts.set_addresses(client_.address, ends_.local_ip);
  alicorn_request& view = facts.abi();
  view.scheme = as_abi(client_.scheme);
  view.client_port = client_.port;
  view.server_port = ends_.local.port();
  view.request_id = as_abi(facts.id());
  view.received_us = now_us;
  view.connection = connection_;
  view.request_number = ++requests_;
  const std::string_view mount =
      client_.mount.empty() ? std::string_view(context_.settings.mount) : client_.mount;
  view.mount = as_abi(mount);
  if (client_.path_may_have_mount) view.path = as_abi(path_below(mount, as_view(view.path)));
}

void Exchange::log_refusal(AppCall* call, int status, std::string_view reason) {
  if (!log::enabled(log::Level::kInfo) || !context_.refusals.note(status, to_us(now()))) return;
  const std::string id = call != nullptr ? call->facts().id() : std::string();
  log::info("refused a request", {{"status", std::to_string(status)},
                                  {"reason", reason},
                                  {"peer", ends_.peer.text()},
                                  {"request_id", id}});
}

void Exchange::log_cut(AppCall& call, const ResponseWriter& response, std::uint64_t now_us) {
  const CutReason cut = response.cut();
  const bool is_told = cut != CutReason::kClient && cut != CutReason::kWriteTimeout &&
                       cut != CutReason::kWriteRate && cut != CutReason::kFile &&
                       cut != CutReason::kGracefulTimeout;
  if (is_told || !response.has_begun() || !log::enabled(log::Level::kInfo)) return;
  if (!context_.cuts.note(static_cast<int>(cut), now_us)) return;
  log::info("a response was cut", {{"reason", name_of(cut)},
                                   {"status", std::to_string(response.status())},
                                   {"bytes_sent", std::to_string(response.body_bytes_sent())},
                                   {"peer", ends_.peer.text()},
                                   {"request_id", call.facts().id()}});
}

void Exchange::write_access(AppCall* call, const Received& received, ResponseWriter& response,
                            std::uint64_t now_us) {
  const bool is_own = response.is_own_answer();
  AccessRecord record;
  record.remote_address = client_ip_.empty() ? std::string_view(ends_.peer_ip) : client_ip_;
  record.status = response.status();
  record.app_failed = response.status() == 500 && is_own;
  record.bytes_received = received.bytes;
  record.duration_us = since(now_us, received.since_us);
  record.cut = response.cut();
  record.handed_over = received.moves;
  record.body_bytes_sent = response.own_body_size();
  if (call != nullptr) {
    record.request = &call->facts().request();
    record.annotations = &call->annotations_for_log();
    record.request_id = call->facts().id();
    record.scheme = as_view(call->facts().abi().scheme);
    record.queue_us = since(call->times().started_us(), received.since_us);
    record.first_byte_us = since(first_byte_us_, received.since_us);
    if (!is_own) {
      record.body_bytes_sent = response.cut() == CutReason::kNone ? call->answer_state().body_bytes
                                                                  : response.body_bytes_sent();
      record.response_head = response.logged_head();
    }
  } else {
    record.request_line = received.request_line;
    record.scheme = "http";
  }
  context_.access_log.write(record);
  response.logged_head().clear();
  client_ip_ = {};
}

void Exchange::next_request() {
  client_ip_ = {};
  method_id_ = 0;
  client_keeps_alive_ = false;
  first_byte_us_ = 0;
}

}  // namespace alicorn
