// What every command starts from: the server's configuration, read when it is first asked for. In
// jwt_auth_admin.
#pragma once

#include "admin/config_file.hpp"
#include "admin/identity.hpp"
#include "admin/new_file.hpp"
#include "settings/settings.hpp"
#include "store/records.hpp"

#include <optional>
#include <string>

namespace jwt_auth::admin {

class Tool {
 public:
  /// `config_path`: as given; empty: $JWT_AUTH_CONFIG, else ./alicorn.yaml.
  explicit Tool(std::string config_path);

  /// Both throw Failure. The first of them goes to the directory that the server runs in, where
  /// relative names of files start from.
  const ConfigFile& config();
  const Settings& settings();

  /// Whom the workers' files belong to: the user that the file names; else who owns `neighbour`.
  Owner owner_of_files(const std::string& neighbour);

  /// Where root would open a SQLite file that others may exchange for a link: the workers' user, or
  /// who owns its folder. Throws Failure: nobody can tell who that is.
  std::optional<Identity> whom_the_database_is_opened_as();

  /// "SQLite database /srv/app/db.sqlite3" or "PostgreSQL database".
  std::string database_name();

 private:
  const std::string config_path_;
  std::optional<ConfigFile> config_;
  std::optional<Settings> settings_;
};

/// Now, as it is stored.
Time stored_now();
/// "2026-11-22 16:33:59 UTC"
std::string utc_text(Time time);

}  // namespace jwt_auth::admin
