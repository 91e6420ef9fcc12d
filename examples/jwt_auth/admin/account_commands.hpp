// Commands for users and clients, and for revoking their tokens. In jwt_auth_admin.
#pragma once

#include "admin/tool.hpp"

#include <string>
#include <vector>

namespace jwt_auth::admin {

struct PasswordChoice {
  bool from_stdin = false, random = false;  ///< neither: ask on the terminal
};

struct UserOptions {
  std::string username;
  std::string email;
  bool is_staff = false, is_superuser = false;
  PasswordChoice password;
};

struct ClientOptions {
  std::string client_id;
  std::vector<std::string> scopes;
  bool secret_from_stdin = false;  ///< otherwise generated, and shown once
};

// All of these throw Failure.
void create_user(Tool& tool, const UserOptions& options);
void change_password(Tool& tool, const UserOptions& options);
void set_user_active(Tool& tool, const std::string& username, bool is_active);
void create_client(Tool& tool, const ClientOptions& options);
void set_client_active(Tool& tool, const std::string& client_id, bool is_active);
void revoke_all(Tool& tool, const std::string& username);

}  // namespace jwt_auth::admin
