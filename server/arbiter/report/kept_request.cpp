#include "server/arbiter/report/kept_request.hpp"

#include "server/config/shell_words.hpp"

#include <fmt/format.h>
#include <string.h>

namespace alicorn {
namespace {

constexpr std::string_view kDefaultSymbol = "alicorn_app_entry";

/// Whether a worker would have chosen this name. The application may have written anything there,
/// and an operator will paste it into a shell.
bool is_name_of_ours(std::string_view path, std::string_view directory) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  if (!path.starts_with(directory)) return false;
  path.remove_prefix(directory.size());
  if (!path.starts_with('/')) return false;
  path.remove_prefix(1);
  return !path.empty() && path.front() != '.' &&
         path.find_first_not_of(kPlain) == std::string_view::npos;
}

/// The command that runs the request again.
std::string replay_command(const std::string& file, const Config& config) {
  std::string app = config.worker.app_name();
  if (config.worker.app_symbol != kDefaultSymbol) app += ':' + config.worker.app_symbol;
  std::string command = "alicorn replay " + quoted_word(file) + ' ' + quoted_word(app);
  if (!config.file.empty()) command += " -c " + quoted_word(config.file);
  return command;
}

}  // namespace

std::string describe_kept_request(const KeptRequest& kept, const Config& config) {
  using Outcome = KeptRequest::Outcome;
  const Outcome outcome = kept.outcome.load(std::memory_order_acquire);
  const std::string path(kept.path, ::strnlen(kept.path, sizeof kept.path));
  switch (outcome) {
    case Outcome::kNone:
      return "";
    case Outcome::kKept: {
      if (!is_name_of_ours(path, config.worker.crash.directory)) {
        return fmt::format(
            "the request that crashed it may be kept in {}: what the worker has left as the file's "
            "name is none",
            config.worker.crash.directory);
      }
      const std::string cut =
          kept.body_kept < kept.body_size
              ? fmt::format(", with {} of the {} bytes of its body", kept.body_kept, kept.body_size)
              : "";
      return fmt::format("the request that crashed it is kept as {}{}; run it again, alone: {}",
                         path, cut, replay_command(path, config));
    }
    case Outcome::kDirectoryFull:
      return fmt::format(
          "the request that crashed it is not kept: {} holds {} already (crash_files)",
          config.worker.crash.directory, config.worker.crash.files_max);
    case Outcome::kFailed:
      return fmt::format("the request that crashed it could not be kept in {}: {}",
                         config.worker.crash.directory,
                         ::strerror(kept.error));  // NOLINT: one thread
    case Outcome::kUnfinished:
      return fmt::format(
          "the request that crashed it could not be kept in {}: its memory was not readable, or "
          "there was no time",
          config.worker.crash.directory);
  }
  return "";
}

}  // namespace alicorn
