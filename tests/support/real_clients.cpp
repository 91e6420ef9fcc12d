#include "tests/support/real_clients.hpp"

#include <fstream>
#include <stdexcept>

#include <sys/stat.h>
#include <unistd.h>

namespace alicorn::test {
namespace {

void replace(std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("the file in conf/ has no longer: " + from);
  text.replace(at, from.size(), to);
}

/// The site as shipped, except for its four values and its logs, inside of what Debian's nginx.conf
/// would contain.
ChildProcess::Start start_of(const Address& upstream, const TemporaryFolder& folder) {
  std::string site = read_file(ALICORN_SOURCE_DIR "/conf/nginx.conf");
  replace(site, "server unix:/run/alicorn/app.sock", "server " + upstream.text());
  replace(site, "listen 80;", "listen unix:" + (folder / "nginx.sock") + ";");
  replace(site, "/var/log/nginx/app.access.log", folder / "access.log");
  replace(site, "/var/log/nginx/app.error.log", folder / "error.log");
  replace(site, "/srv/app/static/", folder / "");

  std::string main = "daemon off;\nworker_processes 1;\npid " + (folder / "nginx.pid") +
                     ";\nerror_log " + (folder / "error.log") + ";\n";
  if (::geteuid() == 0) main += "user root;\n";  // otherwise its workers cannot enter the folder
  main += "events {}\nhttp {\n";
  for (const char* const area : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    main += std::string(area) + "_temp_path " + (folder / area) + ";\n";
  }
  std::ofstream(folder / "nginx.conf") << main << site << "}\n";
  return {.arguments = {"nginx", "-c", folder / "nginx.conf", "-p", folder / "", "-e",
                        folder / "error.log"},
          .output_path = folder / "output"};
}

/// The file as shipped, except for its three values, and without what only root may do.
ChildProcess::Start start_haproxy(const Address& server, const TemporaryFolder& folder) {
  std::string text = read_file(ALICORN_SOURCE_DIR "/conf/haproxy.cfg");
  replace(text, "unix@/run/alicorn/app.sock",
          server.is_unix() ? "unix@" + server.path() : server.text());
  replace(text, "bind :80", "bind unix@" + (folder / "haproxy.sock"));
  replace(text, "log /dev/log", "log " + (folder / "log"));
  replace(text, "    user haproxy\n    group haproxy\n", "");
  write_file(folder / "haproxy.cfg", text);
  return {.arguments = {"haproxy", "-db", "-f", folder / "haproxy.cfg"},
          .output_path = folder / "output"};
}

/// Throws, with the output of the program, if it does not open the socket.
void wait_for_socket(ChildProcess& process, const std::string& path, const std::string& output) {
  struct stat ignored {};
  const bool is_up = eventually([&] {
    return ::stat(path.c_str(), &ignored) == 0 || process.wait(milliseconds(0)).has_value();
  });
  if (!is_up || process.wait(milliseconds(0))) {
    throw std::runtime_error("it did not start:\n" + read_file(output));
  }
}

}  // namespace

HaproxyProcess::HaproxyProcess(const Address& server)
    : log_("unix:" + (folder_ / "log")), process_(start_haproxy(server, folder_)) {
  wait_for_socket(process_, folder_ / "haproxy.sock", folder_ / "output");
}

Address HaproxyProcess::address() const {
  return *Address::parse("unix:" + (folder_ / "haproxy.sock"));
}

CommandResult HaproxyProcess::check() const {
  return run_command({"haproxy", "-c", "-f", folder_ / "haproxy.cfg"});
}

std::string HaproxyProcess::curl(const std::string& path, const Arguments& arguments) const {
  Arguments all{"--unix-socket", folder_ / "haproxy.sock", "http://app.example.com" + path};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return test::curl(all);
}

std::string url_of(const Address& address, const std::string& path) {
  return "http://" + address.text() + path;
}

std::string curl(const Arguments& arguments) {
  Arguments all{"curl", "-sS", "--max-time", "20"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const CommandResult result = run_command(all, milliseconds(25'000));
  EXPECT_EQ(result.ending.exit_code, 0) << result.output;
  return result.output;
}

std::string write_megabytes(const std::string& path, int megabytes) {
  std::string all_values;
  for (int value = 0; value < 256; ++value) all_values.push_back(static_cast<char>(value));
  std::ofstream file(path, std::ios::binary);
  for (int i = 0; i < megabytes * 4096; ++i) file << all_values;
  return path;
}

NginxProcess::NginxProcess(const Address& upstream) : process_(start_of(upstream, folder_)) {
  wait_for_socket(process_, folder_ / "nginx.sock", folder_ / "error.log");
}

Address NginxProcess::address() const {
  return *Address::parse("unix:" + (folder_ / "nginx.sock"));
}

std::string NginxProcess::curl(const std::string& path, const Arguments& arguments) const {
  Arguments all{"--unix-socket", folder_ / "nginx.sock", "http://app.example.com" + path};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return test::curl(all);
}

}  // namespace alicorn::test
