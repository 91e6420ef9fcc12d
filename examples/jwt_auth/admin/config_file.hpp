// The server's YAML file, as far as it concerns the service. In jwt_auth_admin.
#pragma once

#include "admin/new_file.hpp"
#include "settings/settings.hpp"

#include <string>
#include <string_view>

namespace jwt_auth::admin {

struct ConfigFile {
  std::string path;  ///< absolute, links resolved
  std::string text;
  SettingsMap app;          ///< "app:", flattened as the server does it
  std::string chdir;        ///< where the server runs; empty: where it was started
  std::string user, group;  ///< that the workers become
  FileId id;                ///< of the file that was read
};

/// Throws Failure.
ConfigFile read_config_file(const std::string& path);
/// What the file says, without reading one. Throws Failure; `name` is what its text begins with.
ConfigFile parse_config(std::string_view text, const std::string& name);

}  // namespace jwt_auth::admin
