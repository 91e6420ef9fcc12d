// Commands about the tables. In jwt_auth_admin.
#pragma once

#include "admin/tool.hpp"

namespace jwt_auth::admin {

// All of these throw Failure.
void migrate_database(Tool& tool);
void show_migrations(Tool& tool);
void flush_expired_tokens(Tool& tool);

}  // namespace jwt_auth::admin
