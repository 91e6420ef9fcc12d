// The part of the server's YAML file that concerns the service. In jwt_auth_admin.
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
  std::string chdir;        ///< the server's working directory; empty: where it was started
  std::string user, group;  ///< of the workers
  FileId id;                ///< of the file as it was read
};

/// Throws Failure.
ConfigFile read_config_file(const std::string& path);
/// Parses the given text instead of a file. Throws Failure, whose text begins with `name`.
ConfigFile parse_config(std::string_view text, const std::string& name);

}  // namespace jwt_auth::admin
