// The start of every command: the server's configuration, read when first asked for. In
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

  /// Both throw Failure. The first call changes to the directory that the server runs in, because
  /// relative file names start there.
  const ConfigFile& config();
  const Settings& settings();

  /// The owner of the workers' files: the "user" of the configuration, else the owner of
  /// `neighbour`.
  Owner owner_of_files(const std::string& neighbour);

  /// The path of a file in the settings; a relative one starts in the server's directory.
  std::string absolute(const std::string& path);

  /// For root and a SQLite file: the workers' user; else the owner of the folder, or the owner of
  /// the file in a folder that several users may change. Nullopt: nobody but root can have put a
  /// link there, or we are not root. Throws Failure if the user cannot be told.
  std::optional<Identity> whom_the_database_is_opened_as();

  /// "SQLite database /srv/app/db.sqlite3" or "PostgreSQL database".
  std::string database_name();

 private:
  const std::string config_path_;
  std::optional<ConfigFile> config_;
  std::string directory_;  ///< as configured: links on this path are checked, too
  std::optional<Settings> settings_;
};

/// The current time, rounded as it is stored.
Time stored_now();
/// "2026-11-22 16:33:59 UTC"
std::string utc_text(Time time);

}  // namespace jwt_auth::admin
