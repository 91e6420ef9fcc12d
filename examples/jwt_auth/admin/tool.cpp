#include "admin/tool.hpp"

#include "admin/failure.hpp"
#include "admin/place.hpp"
#include "store/time_text.hpp"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include <unistd.h>

namespace jwt_auth::admin {
namespace {

namespace fs = std::filesystem;

std::string path_or_default(std::string path) {
  if (!path.empty()) return path;
  const char* variable = std::getenv("JWT_AUTH_CONFIG");
  return variable != nullptr && *variable != '\0' ? variable : "alicorn.yaml";
}

Failure cannot_tell_whom(const Place& place, const std::string& path, const ConfigFile& config) {
  const bool is_shared = !place.shared_folder.empty();
  return Failure((is_shared ? "users other than root may change " + place.shared_folder +
                                  ", which is on the path to "
                            : "several users may change folders of ") +
                 path + ", and " + config.path +
                 (config.user.empty() ? " has no \"user\"" : ": \"user\" is root") +
                 ": set it to the user of the workers, or run this tool as that user" +
                 (is_shared ? ", or let only root change the folder (chmod go-w)" : ""));
}

}  // namespace

Tool::Tool(std::string config_path) : config_path_(path_or_default(std::move(config_path))) {}

const ConfigFile& Tool::config() {
  if (config_) return *config_;
  config_ = read_config_file(config_path_);
  std::error_code error;
  directory_ = (fs::current_path() / config_->chdir).string();
  if (!config_->chdir.empty()) fs::current_path(config_->chdir, error);
  if (error) throw Failure("cannot chdir to " + config_->chdir + ": " + error.message());
  return *config_;
}

const Settings& Tool::settings() {
  if (settings_) return *settings_;
  try {
    settings_ = read_settings(config().app);
  } catch (const SettingsError& error) {
    throw Failure(config().path + ":\n" + error.what());
  }
  return *settings_;
}

Owner Tool::owner_of_files(const std::string& neighbour) {
  if (config().user.empty()) return owner_at(absolute(neighbour));
  const Identity workers = find_identity(config().user, config().group);
  return {workers.user, workers.group};
}

std::string Tool::absolute(const std::string& path) {
  config();
  return (fs::path(directory_) / path).string();
}

std::optional<Identity> Tool::whom_the_database_is_opened_as() {
  const DatabaseSettings& database = settings().database;
  if (::geteuid() != 0 || database.kind != DatabaseSettings::Kind::kSqlite) return std::nullopt;
  const std::string& user = config().user;
  if (!user.empty()) {
    Identity workers = find_identity(user, config().group);
    if (workers.user != 0) return workers;
  }
  const Place place = find_place(absolute(database.connection), ForeignLinks::kFollow);
  if (place.is_roots_alone()) return std::nullopt;
  if (place.owners.size() == 1) return find_identity(std::to_string(*place.owners.begin()), "");
  throw cannot_tell_whom(place, database.connection, config());
}

std::string Tool::database_name() {
  const DatabaseSettings& database = settings().database;
  if (database.kind == DatabaseSettings::Kind::kPostgresql) return "PostgreSQL database";
  return "SQLite database " + fs::absolute(database.connection).lexically_normal().string();
}

Time stored_now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string utc_text(Time time) {
  return time_text(std::chrono::floor<seconds>(time), DatabaseSettings::Kind::kSqlite) + " UTC";
}

}  // namespace jwt_auth::admin
