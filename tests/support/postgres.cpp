#include "tests/support/postgres.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

namespace alicorn::test {
namespace {

namespace fs = std::filesystem;

/// Debian does not put the programs of each version into PATH. Empty: PostgreSQL is not installed.
std::string newest_programs() {
  std::error_code ignored;
  int newest = 0;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    if (!fs::exists(entry.path() / "bin" / "initdb", ignored)) continue;
    newest = std::max(newest, std::atoi(entry.path().filename().c_str()));
  }
  return newest == 0 ? "" : "/usr/lib/postgresql/" + std::to_string(newest) + "/bin/";
}

/// PostgreSQL refuses to run as root. Its own user runs it, or the user that owns nothing.
const passwd* its_user() {
  const passwd* user = ::getpwnam("postgres");
  return user != nullptr ? user : ::getpwnam("nobody");
}

}  // namespace

std::string Postgres::why_not() {
  if (newest_programs().empty()) return "PostgreSQL is not installed (apt install postgresql)";
  if (::geteuid() != 0) return "";
  if (!is_installed("setpriv")) return "PostgreSQL does not run as root, and there is no setpriv";
  return its_user() != nullptr ? "" : "PostgreSQL does not run as root, and there is no other user";
}

Postgres::Postgres() : socket_folder_(folder_ / "") {
  socket_folder_.pop_back();
  give_to_its_user(socket_folder_);
  must(run_command(as_its_user(
           "initdb", {"--pgdata=" + (folder_ / "data"), "--auth=trust", "--username=postgres",
                      "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"})),
       "initdb");
  start();
}

Postgres::~Postgres() {
  if (process_) stop();
}

void Postgres::start() {
  process_ = std::make_unique<ChildProcess>(ChildProcess::Start{
      .arguments = as_its_user(
          "postgres", {"-D", folder_ / "data", "-k", socket_folder_, "-c",
                       "listen_addresses=", "-c", "fsync=off", "-c", "log_min_messages=warning"}),
      .output_path = folder_ / "log",
      .directory = "/"});
  const bool is_up = eventually([&] {
    if (process_->wait(milliseconds(0))) return true;
    return run_command({newest_programs() + "pg_isready", "-q", "-h", socket_folder_})
               .ending.exit_code == 0;
  });
  if (!is_up || process_->wait(milliseconds(0))) {
    throw std::runtime_error("PostgreSQL did not start: " + log());
  }
}

void Postgres::stop() {
  process_->signal(SIGINT);
  if (!process_->wait()) process_->signal(SIGQUIT);
  process_.reset();
}

void Postgres::kill() {
  const std::vector<pid_t> children = children_of(process_->pid());
  process_->signal(SIGKILL);
  process_->wait();
  // These processes end when they notice. Until then, their shared memory prevents a new start.
  eventually([&] { return std::none_of(children.begin(), children.end(), is_alive); });
  process_.reset();
}

std::string Postgres::connection_string(const std::string& database) const {
  return "host=" + socket_folder_ + " user=postgres dbname=" + database;
}

std::string Postgres::create_database() {
  const std::string name = "test_" + std::to_string(++databases_);
  must(run_command({newest_programs() + "createdb", "-h", socket_folder_, "-U", "postgres", name}),
       "createdb");
  return connection_string(name);
}

std::string Postgres::query(const std::string& database, const std::string& sql) const {
  const CommandResult result =
      run_command({newest_programs() + "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                   "-d", connection_string(database), "-c", sql});
  must(result, sql);
  return result.output;
}

Arguments Postgres::as_its_user(const std::string& program, const Arguments& arguments) const {
  Arguments all = change_of_user();
  all.push_back(newest_programs() + program);
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

Arguments Postgres::change_of_user() {
  if (::geteuid() != 0) return {};
  const std::string name = its_user()->pw_name;
  // Changing the user would clear the signal that ends PostgreSQL together with the test.
  return {"setpriv", "--reuid=" + name, "--regid=" + std::to_string(its_user()->pw_gid),
          "--clear-groups", "--pdeathsig=QUIT"};
}

void Postgres::give_to_its_user(const std::string& path) {
  if (::geteuid() != 0) return;
  const passwd* user = its_user();
  if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("chown failed");
  }
}

}  // namespace alicorn::test
