#include "web/service.hpp"

#include "web/audit.hpp"
#include "web/authentication.hpp"
#include "web/oauth.hpp"
#include "web/token_views.hpp"
#include "web/url.hpp"
#include "web/view_rules.hpp"

#include <utility>
#include <vector>

namespace jwt_auth {
namespace {

Settings settings_of(alicorn::Host host) {
  SettingsMap map;
  for (const auto [key, value] : host.config_entries()) map.emplace(key, value);
  return read_settings(map);
}

Reply hello(Context& context) {
  negotiate(context.request);
  const std::int32_t method = context.request.method_id();
  require_user(context);
  if (method == ALICORN_METHOD_OPTIONS) return describe_view("Hello", "", nullptr);
  if (method != ALICORN_METHOD_GET && method != ALICORN_METHOD_HEAD) {
    throw method_refusal(context.request);
  }
  return json_reply(200, {{"message", "Hello, World!"}});
}

Reply jwks(Context& context) {
  const std::int32_t method = context.request.method_id();
  if (method != ALICORN_METHOD_GET && method != ALICORN_METHOD_HEAD) {
    throw method_refusal(context.request);
  }
  Reply reply{200, context.tokens.jwks()};
  // Everybody must know a new key before it signs: after five minutes no cached list is older.
  reply.fields.emplace_back("cache-control", "public, max-age=300");
  return reply;
}

/// Django's page for an unknown path.
constexpr std::string_view kNotFoundPage =
    "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n"
    "  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n"
    "</body>\n</html>\n";

Reply api_unavailable() {
  Reply reply = json_reply(503, {{"detail", "Service temporarily unavailable, try again later."}});
  reply.fields.emplace_back("retry-after", "1");
  return reply;
}

void send(alicorn::Request& request, Reply reply) {
  std::vector<alicorn::HeaderField> fields{{"content-type", reply.content_type},
                                           {"x-content-type-options", "nosniff"},
                                           {"referrer-policy", "same-origin"}};
  for (const auto& [name, value] : reply.fields) fields.push_back({name, value});
  request.respond(reply.status, fields, std::move(reply.body));
}

}  // namespace

struct Service::Route {
  std::string path;
  std::string_view allow;
  const TokenView* view;
  Reply (*page)(Context&);
  bool checks_passwords = false;             ///< in a POST
  bool has_bearer_challenge = true;          ///< in its 401s
  Reply (*unavailable)() = api_unavailable;  ///< the database is silent, or too many logins wait
};

Service::Service(alicorn::Host host, const alicorn_worker& worker)
    : settings_(settings_of(host)),
      silence_(std::make_shared<Silence>(settings_.database.timeout)),
      tokens_(settings_),
      logins_(
          worker.threads, [this](alicorn::Request& request) { serve(*route_of(request), request); },
          [this](alicorn::Request& request) { refuse_login(request); }) {
  for (const std::string& warning : tokens_.warnings()) host.log(ALICORN_LOG_WARNING, warning);
  for (const TokenView& view : token_views()) {
    routes_.push_back({settings_.path_prefix + std::string(view.path), "POST, OPTIONS", &view,
                       nullptr, view.checks_passwords});
  }
  routes_.push_back({"/hello/", "GET, HEAD, OPTIONS", nullptr, hello});
  routes_.push_back(
      {"/oauth/token", "POST", nullptr, answer_token_request, true, false, oauth_unavailable});
  routes_.push_back({"/.well-known/jwks.json", "GET, HEAD", nullptr, jwks});
}

Service::~Service() = default;

Service::Thread::Thread(Service& service, std::uint32_t)
    : store(service.settings_.database, service.silence_, service.addresses_) {}

const Service::Route* Service::find_route(std::string_view path) const {
  for (const Route& route : routes_) {
    if (route.path == path) return &route;
  }
  return nullptr;
}

const Service::Route* Service::route_of(const alicorn::Request& request) const {
  const std::string_view path = request.path();
  // Nearly always true. A path with raw non-ASCII bytes is never one of ours.
  if (path.find('%') == std::string_view::npos) return find_route(path);
  return find_route(path_info(path));
}

Reply Service::not_found(const alicorn::Request& request) const {
  const std::string with_slash = path_info(request.path()) + "/";
  if (find_route(with_slash) == nullptr) return {404, std::string(kNotFoundPage), "text/html"};
  // Django's APPEND_SLASH.
  Reply reply{301, "", "text/html; charset=utf-8"};
  std::string location = quote_path(with_slash);
  if (!request.query().empty()) location += '?' + quote_query(request.query());
  reply.fields.emplace_back("location", std::move(location));
  return reply;
}

Reply Service::answer(const Route& route, Context& context) const {
  Reply reply;
  try {
    reply = route.view != nullptr ? jwt_auth::answer(*route.view, context) : route.page(context);
  } catch (const Refusal& refused) {
    reply = refused.reply();
    if (reply.status == 401 && route.has_bearer_challenge) {
      reply.fields.emplace_back("www-authenticate",
                                settings_.auth_header_types.front() + " realm=\"api\"");
    }
  } catch (const StoreUnavailable& failure) {
    log_limited(context.request, notices_.unavailable, ALICORN_LOG_ERROR,
                "the database does not answer", {{"why", failure.what()}});
    reply = route.unavailable();
  } catch (const AddressUnknown&) {
    reply = route.unavailable();
  }
  reply.fields.emplace_back("vary", "Accept");
  reply.fields.emplace_back("allow", route.allow);
  return reply;
}

void Service::on_request(alicorn::Request& request) {
  const Route* route = route_of(request);
  if (route == nullptr) return send(request, not_found(request));
  if (!route->checks_passwords || request.method_id() != ALICORN_METHOD_POST) {
    return serve(*route, request);
  }
  logins_.run(request);
}

void Service::refuse_login(alicorn::Request& request) const {
  log_limited(request, notices_.refused, ALICORN_LOG_WARNING,
              "refused: too many logins are waiting");
  send(request, route_of(request)->unavailable());
}

void Service::serve(const Route& route, alicorn::Request& request) const {
  Context context{request,  settings_,   tokens_, request.thread_state<Thread>().store,
                  notices_, Clock::now()};
  send(request, answer(route, context));
}

}  // namespace jwt_auth
