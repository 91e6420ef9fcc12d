#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <utility>

namespace alicorn::test {
namespace {

std::string error_log_of(const Arguments& arguments) {
  const auto flag = std::find(arguments.begin(), arguments.end(), "--error-logfile");
  return flag == arguments.end() || flag + 1 == arguments.end() ? "" : *(flag + 1);
}

Arguments command_line(const std::string& app, const Arguments& arguments) {
  Arguments all{ALICORN_BINARY};
  const bool binds = std::find(arguments.begin(), arguments.end(), "-b") != arguments.end();
  if (!binds) all.insert(all.end(), {"-b", "127.0.0.1:0"});
  all.insert(all.end(), arguments.begin(), arguments.end());
  all.push_back(app);
  return all;
}

ChildProcess::Start start_of(const std::string& app, const Arguments& arguments,
                             const ServerProcess::Options& options, const TemporaryFolder& folder) {
  if (!options.configuration.empty()) {
    std::ofstream(folder / "alicorn.yaml") << options.configuration;
  }
  Arguments all = options.wrapper;
  for (std::string& argument : command_line(app, arguments)) all.push_back(std::move(argument));
  return {.arguments = std::move(all),
          .output_path = folder / "output",
          .directory = folder / "",
          .environment = options.environment,
          .descriptors = options.descriptors};
}

/// Parses "listening at http://HOST:PORT, unix:PATH (pid N), ...".
std::vector<Address> addresses_in(std::string_view log) {
  constexpr std::string_view kBefore = "listening at ";
  std::vector<Address> addresses;
  const std::size_t at = log.find(kBefore);
  if (at == std::string_view::npos) return addresses;
  std::string_view list = log.substr(at + kBefore.size());
  list = list.substr(0, list.find(" (pid "));
  while (!list.empty()) {
    std::string_view text = list.substr(0, list.find(", "));
    list.remove_prefix(std::min(text.size() + 2, list.size()));
    constexpr std::string_view kScheme = "http://";
    if (text.starts_with(kScheme)) text.remove_prefix(kScheme.size());
    const auto address = Address::parse(text);
    if (!address) throw std::runtime_error(address.error().text());
    addresses.push_back(*address);
  }
  return addresses;
}

}  // namespace

std::string example(const std::string& name) {
  return std::string(ALICORN_EXAMPLES_DIR "/") + name + "/" + name + ".so";
}

std::string test_app(const std::string& name) {
  return std::string(ALICORN_TEST_APPS_DIR "/") + name + ".so";
}

ServerProcess::ServerProcess(const std::string& app, const Arguments& arguments,
                             const Options& options)
    : log_path_(error_log_of(arguments)), process_(start_of(app, arguments, options, folder_)) {
  wait_until_ready();
}

void ServerProcess::wait_until_ready() {
  const bool is_up = eventually(
      [&] { return count_in_log("workers in place") > 0 || process_.wait(milliseconds(0)); });
  if (!is_up || process_.wait(milliseconds(0))) {
    throw std::runtime_error("the server did not start:\n" + log());
  }
  // A start hook may rotate the log while the server announces its addresses.
  const std::string rotated = log_path_.empty() ? "" : read_file(log_path_ + ".1");
  addresses_ = addresses_in(rotated + log());
  if (addresses_.empty()) throw std::runtime_error("no address in the log:\n" + log());
}

ServerProcess::~ServerProcess() {
  constexpr milliseconds kTimeToStop{15'000};
  process_.signal(SIGQUIT);
  const bool has_stopped = process_.wait(kTimeToStop) && process_.group_ends(kTimeToStop);
  if (!has_stopped) ADD_FAILURE() << "the server does not stop";
  if (::testing::Test::HasFailure()) std::cerr << "---- the server's log ----\n" << log();
}

std::string ServerProcess::log() const {
  std::string text = read_file(folder_ / "output");
  if (!log_path_.empty()) text += read_file(log_path_);
  return text;
}

std::size_t ServerProcess::count_in_log(std::string_view text) const {
  const std::string all = log();
  std::size_t count = 0;
  for (std::size_t at = 0; (at = all.find(text, at)) != std::string::npos; at += text.size()) {
    ++count;
  }
  return count;
}

bool ServerProcess::logs(std::string_view text, std::size_t times, milliseconds limit) const {
  return eventually([&] { return count_in_log(text) >= times; }, limit);
}

CommandResult run_server(const Arguments& arguments, milliseconds limit) {
  Arguments all{ALICORN_BINARY};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_command(all, limit);
}

}  // namespace alicorn::test
