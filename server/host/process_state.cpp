#include "server/host/process_state.hpp"

#include "base/unique_fd.hpp"

#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr int kThreadsMax = 64;

/// The first bytes of a small file in /proc; empty if it cannot be read.
std::string head_of(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return {};
  std::array<char, 512> buffer{};
  const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
  return size <= 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
}

/// "PID (NAME) STATE ..."; a name may contain anything, even parentheses.
std::optional<char> state_in(std::string_view stat) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= stat.size()) return std::nullopt;
  return stat[name_end + 2];
}

std::string describe_thread(const std::string& folder) {
  const auto state = state_in(head_of(folder + "/stat"));
  if (!state) return {};
  std::string text(1, *state);
  const std::string channel = head_of(folder + "/wchan");
  if (!channel.empty() && channel != "0") text.append(" in ").append(channel);  // "0": none
  return text;
}

}  // namespace

std::optional<char> process_state(pid_t pid) {
  return state_in(head_of("/proc/" + std::to_string(pid) + "/stat"));
}

std::optional<uid_t> process_user(pid_t pid) {
  constexpr std::string_view kKey = "\nUid:\t";
  // The first line has the name, in which line ends are escaped.
  const std::string status = head_of("/proc/" + std::to_string(pid) + "/status");
  const std::size_t key = status.find(kKey);
  if (key == std::string::npos) return std::nullopt;
  uid_t user = 0;
  const char* const begin = status.data() + key + kKey.size();
  const auto [end, error] = std::from_chars(begin, status.data() + status.size(), user);
  return error == std::errc{} ? std::optional(user) : std::nullopt;
}

std::string describe_threads(pid_t pid) {
  std::map<std::string, int> counts;
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid) + "/task", error);
  for (int i = 0; i < kThreadsMax && !error && entries != decltype(entries)(); ++i) {
    if (const std::string text = describe_thread(entries->path()); !text.empty()) ++counts[text];
    entries.increment(error);
  }
  std::string all;
  for (const auto& [text, count] : counts) {
    all.append(all.empty() ? "" : ", ").append(std::to_string(count) + ' ').append(text);
  }
  return all;
}

}  // namespace alicorn
