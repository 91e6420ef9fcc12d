#include "server/control/control_client.hpp"

#include "base/escape.hpp"
#include "server/config/load.hpp"
#include "server/control/control_command.hpp"
#include "server/control/control_text.hpp"
#include "server/host/privileges.hpp"
#include "workers/contract/exit_code.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace alicorn {
namespace {

std::string help_text() {
  std::string text =
      "Usage: alicorn ctl [--socket PATH | -c FILE] [--json] COMMAND\n\n"
      "Queries or controls a running server through its control_socket.\n\nCommands:\n";
  for (const ControlVerb& row : control_verbs()) {
    text += fmt::format("  {:<24}{}\n", row.usage, row.help);
  }
  return text +
         "\nOptions:\n"
         "  --socket PATH           The server's control_socket; otherwise the variable\n"
         "                          ALICORN_CONTROL_SOCKET or the configuration names it\n"
         "  -c, --config FILE       Configuration file [./alicorn.yaml if it exists]\n"
         "  --json                  Print the server's answer as JSON\n"
         "  --owner USER            User of the server, name or number, if that is not root, you,\n"
         "                          or the owner of the socket's folder\n"
         "  -h, --help              Print this text, then exit\n\n"
         "Exit codes: 0 done, 1 refused, failed or no server found, 2 wrong usage.\n";
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

/// What a relative path starts from. A server started in another directory has another socket.
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
    const std::pair<std::string_view, std::string*> flags[] = {{"--socket", &call.socket},
                                                               {"-c", &call.config_file},
                                                               {"--config", &call.config_file},
                                                               {"--owner", &call.owner}};
    for (const auto& [flag, value] : flags) {
      if (is_option) break;
      auto taken = value_of(flag, *value);
      if (!taken) return tl::unexpected(std::move(taken.error()));
      is_option = *taken;
    }
    if (!is_option) call.line += (call.line.empty() ? "" : " ") + *word;
  }
  if (!call.socket.empty() && !call.config_file.empty()) {
    return fail("--socket and -c both name the server: give only one of them");
  }
  return call;
}

Result<ControlPath> find_control_socket(const ControlCall& call, const CommandLine& command_line) {
  if (!call.socket.empty()) return ControlPath{call.socket, ""};
  const std::string& variable = command_line.environment.control_socket;
  if (call.config_file.empty() && !variable.empty()) return ControlPath{variable, ""};
  CommandLine sources = command_line;
  // kPrintConfig, because the configuration need not name an application here.
  sources.action = CommandLine::Action::kPrintConfig;
  if (!call.config_file.empty()) sources.config_file = call.config_file;
  const auto config = load_config(sources);
  if (!config) {
    return fail(config.error().text() + " (--socket can name the server's socket instead)");
  }
  if (!config->control_socket.empty())
    return ControlPath{config->control_socket, origin_in(*config)};
  const std::string where = config->file.empty() ? "no alicorn.yaml is here" : config->file;
  return fail("cannot find the server: control_socket is not set (" + where +
              "): give --socket PATH, or -c FILE of the server's configuration");
}

std::string shown_answer(const std::string& answer, bool is_terminal) {
  if (!is_terminal) return answer;
  std::string shown;
  append_escaped(shown, std::string_view(answer).substr(0, answer.find('\n')), Escaping::kText);
  return shown + '\n';
}

int run_control_client(const CommandLine& command_line) {
  const auto call = parse_control_call(command_line.control_words);
  if (!call) return complain(call.error().text(), ExitCode::kBadUsage);
  if (call->help) return print(help_text());
  const auto command = parse_control_command(call->line);
  if (!command) return complain(command.error().text(), ExitCode::kBadUsage);
  const auto path = find_control_socket(*call, command_line);
  if (!path) return complain(path.error().text(), ExitCode::kBadUsage);
  ControlExchange exchange{.line = call->line, .waits = command->wait};
  if (!call->owner.empty()) {
    const auto owner = find_uid(call->owner);
    if (!owner) return complain("--owner: " + owner.error().text(), ExitCode::kBadUsage);
    exchange.owner = *owner;
  }
  const auto answer = ask_server(*path, exchange);
  if (!answer) return complain(answer.error().text(), ExitCode::kCannotStart);
  const auto read = read_control_answer(*command, *answer);
  if (!read) return complain(path->path + ": " + read.error().text(), ExitCode::kCannotStart);
  if (call->json) {
    const int printed = print(shown_answer(*answer, ::isatty(STDOUT_FILENO) == 1));
    return read->is_ok ? printed : static_cast<int>(ExitCode::kCannotStart);
  }
  return read->is_ok ? print(read->text) : complain(read->text, ExitCode::kCannotStart);
}

}  // namespace alicorn
