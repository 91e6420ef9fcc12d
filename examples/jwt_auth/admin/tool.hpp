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

  /// The path of a file that the settings name, from the directory of the server on.
  std::string absolute(const std::string& path);

  /// For root and a SQLite file: the workers' user; else who owns its folder, or the file in a
  /// folder that several may change. Nullopt: nobody but root can have put a link there, or we are
  /// not root. Throws Failure: nobody can tell who that is.
  std::optional<Identity> whom_the_database_is_opened_as();

  /// "SQLite database /srv/app/db.sqlite3" or "PostgreSQL database".
  std::string database_name();

 private:
  const std::string config_path_;
  std::optional<ConfigFile> config_;
  std::string directory_;  ///< as the file names it: links on the way there are looked at, too
  std::optional<Settings> settings_;
};

/// Now, as it is stored.
Time stored_now();
/// "2026-11-22 16:33:59 UTC"
std::string utc_text(Time time);

}  // namespace jwt_auth::admin
