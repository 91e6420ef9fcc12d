#include "web/oauth.hpp"

#include "jose/base64url.hpp"
#include "passwords/passwords.hpp"
#include "text/text.hpp"
#include "web/audit.hpp"
#include "web/form.hpp"
#include "web/login_attempt.hpp"
#include "web/media_type.hpp"

#include <algorithm>

namespace jwt_auth {
namespace {

struct Credentials {
  std::string client_id, secret;
  bool by_header = false;
};

/// RFC 6749 section 5.2. Answers of this endpoint must not be stored (section 5.1).
Reply oauth_reply(int status, const boost::json::value& body) {
  Reply reply = json_reply(status, body);
  reply.fields = {{"cache-control", "no-store"}, {"pragma", "no-cache"}};
  return reply;
}

Reply error_reply(int status, std::string_view error, std::string_view description) {
  return oauth_reply(status, {{"error", error}, {"error_description", description}});
}

Refusal oauth_error(std::string_view error, std::string_view description) {
  return Refusal(error_reply(400, error, description));
}

/// Section 5.2 has no error code for this; section 4.1.2.1 has one, for the other endpoint.
Reply unavailable(int status, std::string_view description, seconds wait) {
  Reply reply = error_reply(status, "temporarily_unavailable", description);
  reply.fields.emplace_back("retry-after", std::to_string(wait.count()));
  return reply;
}

Refusal invalid_client(bool by_header) {
  Reply reply = error_reply(401, "invalid_client", "Client authentication failed.");
  // Section 5.2: answer with the scheme that the client used.
  if (by_header) reply.fields.emplace_back("www-authenticate", "Basic realm=\"oauth\"");
  return Refusal(std::move(reply));
}

/// Section 3.2: no parameter may be repeated; one without a value counts as omitted.
bool has_repeated_name(const FormFields& fields) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : fields) {
    if (!value.empty()) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

FormFields read_form(const alicorn::Request& request) {
  const auto type = parse_media_type(request.header("content-type").value_or(""));
  if (!type.is("application", "x-www-form-urlencoded")) {
    throw oauth_error("invalid_request", "The body must be application/x-www-form-urlencoded.");
  }
  if (request.body().size() > kBodyBytesMax) {
    throw oauth_error("invalid_request", "The body is too large.");
  }
  auto fields = parse_form(request.body());
  if (!fields) throw oauth_error("invalid_request", "There are too many parameters.");
  if (has_repeated_name(*fields)) {
    throw oauth_error("invalid_request", "A parameter is there twice.");
  }
  return *std::move(fields);
}

std::string take(const FormFields& form, std::string_view name) {
  const auto found = std::find_if(form.begin(), form.end(), [&](const auto& field) {
    return field.first == name && !field.second.empty();
  });
  return found == form.end() ? std::string() : found->second;
}

/// Section 2.3.1: either HTTP Basic, with both halves form-encoded, or the body; not both.
Credentials read_credentials(const alicorn::Request& request, const FormFields& form) {
  Credentials in_body{take(form, "client_id"), take(form, "client_secret")};
  const auto header = request.header("authorization");
  if (!header) {
    if (in_body.client_id.empty() || in_body.secret.empty()) throw invalid_client(false);
    return in_body;
  }
  std::string_view rest = trim_blanks(*header);
  if (lower_case(split_first(rest, ' ')) != "basic") throw invalid_client(true);
  std::string text(trim_blanks(rest));
  // Base64 and base64url differ in two characters.
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  // RFC 7617 requires padding, which base64url_decode refuses.
  if (text.size() % 4 == 0) {
    for (int pads = 0; pads < 2 && text.ends_with('='); ++pads) text.pop_back();
  }
  const auto decoded = base64url_decode(text);
  if (!decoded || decoded->find(':') == std::string::npos) throw invalid_client(true);
  std::string_view secret = *decoded;
  const std::string_view client_id = split_first(secret, ':');
  Credentials in_header{decode_form_text(client_id), decode_form_text(secret), true};
  if (!in_body.secret.empty() ||
      (!in_body.client_id.empty() && in_body.client_id != in_header.client_id)) {
    throw oauth_error("invalid_request", "More than one way to authenticate the client.");
  }
  return in_header;
}

Client authenticate(Context& context, const Credentials& credentials) {
  LoginAttempt attempt(context, "client", credentials.client_id);
  if (const auto wait = attempt.begin()) {
    throw Refusal(unavailable(429, "Too many failed attempts.", *wait));
  }
  auto client = context.store.client(credentials.client_id);
  const bool is_right =
      verify_password(credentials.secret,
                      client ? client->secret : context.store.typical_secret(Store::Steady::now()));
  if (!client || !is_right || !client->is_active) {
    audit(context.request, "client refused",
          {{"reason", !client    ? "unknown client"
                      : is_right ? "inactive client"
                                 : "wrong secret"},
           {"client_id", client ? client->client_id : "-"}});
    throw invalid_client(credentials.by_header);
  }
  attempt.succeed();
  return std::move(*client);
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (split_first(list, ' ') == word) return true;
  }
  return false;
}

/// The granted scope: what was asked for, or everything that the client may have (section 3.3).
std::string grant_scope(const Client& client, const std::string& wanted) {
  if (wanted.empty()) return client.scopes;
  std::string_view rest = wanted;
  while (!rest.empty()) {
    const std::string_view word = split_first(rest, ' ');
    if (word.empty() || !has_word(client.scopes, word)) {
      throw oauth_error("invalid_scope", "The client may not have that scope.");
    }
  }
  return wanted;
}

}  // namespace

Claims client_claims(const TokenService& tokens, const Settings& settings, const Client& client,
                     const std::string& scope, Clock::time_point now) {
  Claims claims = tokens.make(TokenType::kAccess, now, settings.client_token_lifetime);
  const auto add = [&](std::string_view name, const std::string& text) {
    // RFC 9068 section 5: with user_id_claim "sub", a client "1" would be taken for the user 1.
    if (name != settings.user_id_claim && !text.empty()) claims[name] = text;
  };
  add("sub", client.client_id);
  add("client_id", client.client_id);
  add("scope", scope);
  return claims;
}

Reply answer_token_request(Context& context) {
  if (context.request.method_id() != ALICORN_METHOD_POST) {
    throw Refusal(error_reply(405, "invalid_request", "The method must be POST."));
  }
  const FormFields form = read_form(context.request);
  const std::string grant_type = take(form, "grant_type");
  if (grant_type.empty()) {
    throw oauth_error("invalid_request", "The parameter grant_type is missing.");
  }
  const Client client = authenticate(context, read_credentials(context.request, form));
  if (grant_type != "client_credentials") {
    throw oauth_error("unsupported_grant_type", "Only client_credentials is supported.");
  }
  const std::string scope = grant_scope(client, take(form, "scope"));

  const Claims claims = client_claims(context.tokens, context.settings, client, scope, context.now);
  audit(context.request, "client token", {{"client_id", client.client_id}, {"scope", scope}});
  boost::json::object body{{"access_token", context.tokens.encode(claims)},
                           {"token_type", "Bearer"},
                           {"expires_in", context.settings.client_token_lifetime.count()}};
  if (!scope.empty()) body["scope"] = scope;
  return oauth_reply(200, body);
}

Reply oauth_unavailable() {
  return unavailable(503, "The service is busy or its database does not answer.", seconds(1));
}

}  // namespace jwt_auth
