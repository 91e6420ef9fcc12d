#include "server/control/control_command.hpp"

#include "server/config/config.hpp"
#include "server/config/nearest_name.hpp"
#include "server/config/values.hpp"
#include "workers/contract/sizes.hpp"

#include <algorithm>
#include <vector>

namespace alicorn {
namespace {

using Verb = ControlCommand::Verb;

constexpr ControlVerb kVerbs[] = {
    {Verb::kStatus, "status", "status", "The server as a whole"},
    {Verb::kWorkers, "workers", "workers", "Each worker process"},
    {Verb::kRequests, "requests", "requests", "Every request in flight, the oldest first"},
    {Verb::kReload, "reload", "reload [--wait]",
     "Read the configuration again and replace the workers; --wait: until that is done"},
    {Verb::kScale, "scale", "scale N", "Set the number of workers, also for later reloads"},
    {Verb::kRecycle, "recycle", "recycle SLOT",
     "Replace worker SLOT once its replacement is ready"},
    {Verb::kReopen, "reopen", "reopen", "Reopen the log files"},
    {Verb::kStop, "stop", "stop [--quick] [--wait]",
     "Finish the requests in flight and stop; --quick: 503 after a second"},
    {Verb::kLogLevel, "log-level", "log-level LEVEL",
     "Set the log level until a reload or restart"},
};

/// The words of a line; any number of blanks separates them.
std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  std::vector<std::string_view> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty()) return words;
    words.push_back(line.substr(0, line.find_first_of(kBlanks)));
    line.remove_prefix(words.back().size());
  }
}

tl::unexpected<Error> unknown_verb(std::string_view name) {
  std::vector<std::string_view> names;
  for (const ControlVerb& row : kVerbs) names.push_back(row.name);
  std::string message = "unknown command \"" + std::string(name) + '"';
  const std::string_view nearest = nearest_name(name, names);
  if (!nearest.empty()) return fail(message.append(", did you mean ").append(nearest).append("?"));
  return fail(message.append(", see alicorn ctl --help"));
}

tl::unexpected<Error> wrong_use(const ControlVerb& row) {
  switch (row.verb) {
    case Verb::kScale:
      return fail("scale takes a number of workers from 1 to " + std::to_string(kWorkersMax));
    case Verb::kRecycle:
      return fail("recycle takes the number of a worker, as listed by `workers`");
    case Verb::kLogLevel:
      return fail("log-level takes debug, info, warning, error or critical");
    default:
      return fail("wrong use of " + std::string(row.name) + ", expected \"" +
                  std::string(row.usage) + '"');
  }
}

bool read_number(std::string_view word, std::uint32_t max, std::uint32_t& number) {
  const auto count = parse_count(std::string(word));
  if (!count || *count < 1 || *count > max) return false;
  number = static_cast<std::uint32_t>(*count);
  return true;
}

bool read_flags(std::span<const std::string_view> words, ControlCommand& command) {
  return std::all_of(words.begin(), words.end(), [&](std::string_view word) {
    const bool has_quick = command.verb == Verb::kStop;
    const bool has_wait = has_quick || command.verb == Verb::kReload;
    if (word == "--wait" && has_wait) return command.wait = true;
    return word == "--quick" && has_quick && (command.quick = true);
  });
}

bool read_rest(std::span<const std::string_view> words, ControlCommand& command) {
  constexpr std::uint32_t kSlotMax = 1'000'000;  // the server knows which slots exist
  switch (command.verb) {
    case Verb::kScale:
      return words.size() == 1 && read_number(words[0], kWorkersMax, command.number);
    case Verb::kRecycle:
      return words.size() == 1 && read_number(words[0], kSlotMax, command.number);
    case Verb::kLogLevel: {
      const auto level = words.size() == 1 ? log::level_from_name(words[0]) : std::nullopt;
      command.level = level.value_or(command.level);
      return level.has_value();
    }
    default:
      return read_flags(words, command);
  }
}

}  // namespace

std::span<const ControlVerb> control_verbs() {
  return kVerbs;
}

Result<ControlCommand> parse_control_command(std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.empty()) return fail("no command given, see alicorn ctl --help");
  const auto* const row =
      std::find_if(std::begin(kVerbs), std::end(kVerbs),
                   [&](const ControlVerb& candidate) { return candidate.name == words[0]; });
  if (row == std::end(kVerbs)) return unknown_verb(words[0]);
  ControlCommand command;
  command.verb = row->verb;
  if (!read_rest(std::span(words).subspan(1), command)) return wrong_use(*row);
  return command;
}

}  // namespace alicorn
