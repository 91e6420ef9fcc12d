#include "tests/support/pgbouncer.hpp"

#include <stdexcept>

namespace alicorn::test {
namespace {

CommandResult ask(const std::string& connection_string, const std::string& sql) {
  return run_command({"psql", "-X", "-q", "-A", "-t", "-d", connection_string, "-c", sql});
}

}  // namespace

std::string PgBouncer::why_not() {
  if (const std::string why = Postgres::why_not(); !why.empty()) return why;
  return is_installed("pgbouncer") ? "" : "PgBouncer is not installed (apt install pgbouncer)";
}

PgBouncer::PgBouncer(const Postgres& postgres, const std::string& mode, int size)
    : socket_folder_(folder_ / "") {
  socket_folder_.pop_back();
  const std::string file = folder_ / "pgbouncer.ini";
  write_file(file,
             "[databases]\n* = host=" + postgres.socket_folder() +
                 " user=postgres\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = " + socket_folder_ +
                 "\nauth_type = any\nadmin_users = postgres\npool_mode = " + mode +
                 "\ndefault_pool_size = " + std::to_string(size) +
                 "\nmin_pool_size = " + std::to_string(size) + "\n");
  Postgres::give_to_its_user(socket_folder_);
  Arguments arguments = Postgres::change_of_user();
  arguments.insert(arguments.end(), {"pgbouncer", "-q", file});
  process_ = std::make_unique<ChildProcess>(ChildProcess::Start{
      .arguments = arguments, .output_path = folder_ / "log", .directory = "/"});
  const bool is_up = eventually([&] {
    return process_->wait(milliseconds(0)) ||
           ask(connection_string("pgbouncer"), "SHOW VERSION").ending.exit_code == 0;
  });
  if (!is_up || process_->wait(milliseconds(0))) {
    throw std::runtime_error("PgBouncer did not start: " + read_file(folder_ / "log"));
  }
}

std::string PgBouncer::connection_string(const std::string& database) const {
  return "host=" + socket_folder_ + " port=6432 user=postgres dbname=" + database;
}

void PgBouncer::command(const std::string& text) const {
  const CommandResult result = ask(connection_string("pgbouncer"), text);
  if (result.ending.exit_code != 0) throw std::runtime_error(text + ": " + result.output);
}

std::string PgBouncer::query(const std::string& database, const std::string& sql) const {
  return ask(connection_string(database), sql).output;
}

}  // namespace alicorn::test
