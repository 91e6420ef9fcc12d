// A view's answer, and the refusals that end a view early. On an app thread.
#pragma once

#include <boost/json/value.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jwt_auth {

struct Reply {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  /// Besides Content-Type and what the endpoint adds to every reply.
  std::vector<std::pair<std::string_view, std::string>> fields{};
};

/// Always UTF-8: invalid bytes in a client's text become U+FFFD.
Reply json_reply(int status, const boost::json::value& body);

/// Thrown at any depth of a view; the client gets the reply.
class Refusal : public std::exception {
 public:
  explicit Refusal(Reply reply) : reply_(std::move(reply)) {}
  const char* what() const noexcept override { return "refused"; }
  const Reply& reply() const { return reply_; }

 private:
  Reply reply_;
};

/// {"detail":"..."}, as in Django REST framework's own exceptions.
Refusal refusal(int status, std::string_view detail);
/// {"detail":"...","code":"..."}, as in simplejwt's.
Refusal refusal(int status, std::string_view detail, std::string_view code);
/// 401 with simplejwt's code for any problem with a token.
Refusal token_refusal(std::string_view detail);

}  // namespace jwt_auth
