#include "server/control/control_client.hpp"

#include "base/address.hpp"
#include "base/clock.hpp"
#include "base/escape.hpp"
#include "base/unique_fd.hpp"
#include "server/config/load.hpp"
#include "server/control/control_command.hpp"
#include "server/control/control_text.hpp"
#include "workers/exit_code.hpp"

#include <array>
#include <cstdio>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace alicorn {
namespace {

/// For the connection, and for an answer that nothing is waited for: the master answers at once.
constexpr seconds kPatience{10};
constexpr std::size_t kAnswerMax = 64 << 20;
constexpr const char* kHint = "; is it running, with control_socket set? (alicorn ctl --help)";

std::string help_text() {
  std::string text =
      "Usage: alicorn ctl [--socket PATH | -c FILE] [--json] COMMAND\n\n"
      "Asks a running server, or tells it what to do, through its control_socket.\n\nCommands:\n";
  for (const ControlVerb& row : control_verbs()) {
    text += fmt::format("  {:<24}{}\n", row.usage, row.help);
  }
  return text +
         "\nOptions:\n"
         "  --socket PATH           The server's control_socket; else the variable\n"
         "                          ALICORN_CONTROL_SOCKET, else what the configuration says\n"
         "  -c, --config FILE       Configuration file [./alicorn.yaml if it is there]\n"
         "  --json                  The server's answer as it is\n"
         "  -h, --help              Print this text, then exit\n\n"
         "Exit codes: 0 done, 1 refused, failed or no server there, 2 wrong usage.\n";
}

int complain(std::string_view text, ExitCode code) {
  std::string line = "alicorn ctl: ";
  append_escaped(line, text, Escaping::kText);
  std::fprintf(stderr, "%s\n", line.c_str());
  return static_cast<int>(code);
}

int print(const std::string& text) {
  const bool done = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return static_cast<int>(done ? ExitCode::kOk : ExitCode::kCannotStart);
}

Result<UniqueFd> connect_to(const ControlPath& where, bool waits) {
  const std::string& path = where.path;
  const auto address = Address::parse("unix:" + path);
  if (!address) return tl::unexpected(address.error());
  auto fd = adopt(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  if (!fd) return fd;
  const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
  ::setsockopt(fd->get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (!waits) ::setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (::connect(fd->get(), address->data(), address->size()) == 0) return fd;
  if (errno == EAGAIN) return fail("the server at " + path + " takes no connection");
  if (errno == EACCES || errno == EPERM) {
    return fail(path + ": permission denied: only root and the user of the server may use it");
  }
  auto failure = fail_errno("no server at", path);
  failure.value().context =
      failure.value().text() + (where.origin.empty() ? "" : "; " + where.origin) + kHint;
  failure.value().code = {};
  return failure;
}

Result<std::string> exchange(const ControlPath& where, const std::string& line, bool waits) {
  const std::string& path = where.path;
  const auto fd = connect_to(where, waits);
  if (!fd) return tl::unexpected(fd.error());
  const std::string request = line + '\n';
  if (::send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return fail_errno("send to", path);
  }
  std::string answer;
  std::array<char, 16'384> bytes{};
  while (answer.find('\n', answer.size() - std::min(answer.size(), bytes.size())) ==
         std::string::npos) {
    const ssize_t size = ::recv(fd->get(), bytes.data(), bytes.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) {
      return fail(
          fmt::format("the server at {} does not answer within {} s", path, kPatience.count()));
    }
    if (size < 0) return fail_errno("read from", path);
    if (size == 0) return fail("the server at " + path + " ended the connection without an answer");
    answer.append(bytes.data(), static_cast<std::size_t>(size));
    if (answer.size() > kAnswerMax) return fail("the answer of " + path + " is too long");
  }
  return answer;
}

/// A server that was started elsewhere means another socket.
std::string origin_in(const Config& config) {
  const std::string& base = config.control_socket_base;
  if (base.empty()) return "";
  return "control_socket" + (config.file.empty() ? "" : " of " + config.file) +
         " is a relative path, and starts at " + base +
         (config.chdir.empty() ? " (where this command was started)" : " (chdir)");
}

}  // namespace

Result<ControlCall> parse_control_call(const std::vector<std::string>& words) {
  ControlCall call;
  for (auto word = words.begin(); word != words.end(); ++word) {
    const auto value_of = [&](std::string_view flag, std::string& value) -> Result<bool> {
      const bool has_value = word->starts_with(std::string(flag) + '=');
      if (!has_value && *word != flag) return false;
      if (has_value) value = word->substr(flag.size() + 1);
      if (!has_value && word + 1 != words.end()) value = *++word;
      if (value.empty()) return fail(std::string(flag) + " needs a value");
      return true;
    };
    bool is_option = true;
    if (*word == "-h" || *word == "--help") {
      call.help = true;
    } else if (*word == "--json") {
      call.json = true;
    } else {
      is_option = false;
    }
    for (const std::string_view flag : {"--socket", "-c", "--config"}) {
      if (is_option) break;
      auto taken = value_of(flag, flag == "--socket" ? call.socket : call.config_file);
      if (!taken) return tl::unexpected(std::move(taken.error()));
      is_option = *taken;
    }
    if (!is_option) call.line += (call.line.empty() ? "" : " ") + *word;
  }
  if (!call.socket.empty() && !call.config_file.empty()) {
    return fail("--socket and -c say the same: give one of them");
  }
  return call;
}

Result<ControlPath> find_control_socket(const ControlCall& call, const CommandLine& command_line) {
  if (!call.socket.empty()) return ControlPath{call.socket, ""};
  const std::string& variable = command_line.environment.control_socket;
  if (call.config_file.empty() && !variable.empty()) return ControlPath{variable, ""};
  CommandLine sources = command_line;
  // Not to serve: the application may be missing.
  sources.action = CommandLine::Action::kPrintConfig;
  if (!call.config_file.empty()) sources.config_file = call.config_file;
  const auto config = load_config(sources);
  if (!config) {
    return fail(config.error().text() + " (the server's socket can be given with --socket)");
  }
  if (!config->control_socket.empty())
    return ControlPath{config->control_socket, origin_in(*config)};
  const std::string where = config->file.empty() ? "no alicorn.yaml is here" : config->file;
  return fail("where is the server? control_socket is not set (" + where +
              "): give --socket PATH, or -c FILE of the server's configuration");
}

int run_control_client(const CommandLine& command_line) {
  const auto call = parse_control_call(command_line.control_words);
  if (!call) return complain(call.error().text(), ExitCode::kBadUsage);
  if (call->help) return print(help_text());
  const auto command = parse_control_command(call->line);
  if (!command) return complain(command.error().text(), ExitCode::kBadUsage);
  const auto path = find_control_socket(*call, command_line);
  if (!path) return complain(path.error().text(), ExitCode::kBadUsage);
  const auto answer = exchange(*path, call->line, command->wait);
  if (!answer) return complain(answer.error().text(), ExitCode::kCannotStart);
  const auto read = read_control_answer(*command, *answer);
  if (!read) return complain(path->path + ": " + read.error().text(), ExitCode::kCannotStart);
  if (call->json) {
    const int printed = print(*answer);
    return read->is_ok ? printed : static_cast<int>(ExitCode::kCannotStart);
  }
  return read->is_ok ? print(read->text) : complain(read->text, ExitCode::kCannotStart);
}

}  // namespace alicorn
