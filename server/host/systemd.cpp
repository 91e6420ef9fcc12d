#include "server/host/systemd.hpp"

#include "base/address.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr const char* kSocketVariable = "NOTIFY_SOCKET";
constexpr const char* kWatchdogVariable = "WATCHDOG_USEC";
constexpr const char* kWatchdogPidVariable = "WATCHDOG_PID";

constexpr milliseconds kBetweenTries{100};
/// A manager that has not taken this many messages is told only the newest.
constexpr std::size_t kUnsentMax = 16;

std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string taken = value != nullptr ? value : "";
  ::unsetenv(name);
  return taken;
}

/// Nothing: not a number.
std::optional<std::int64_t> parse_number(std::string_view digits) {
  std::int64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed_to, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc{} || parsed_to != end || number < 0) return std::nullopt;
  return number;
}

std::string in_us(milliseconds time) {
  return std::to_string(std::chrono::duration_cast<microseconds>(time).count());
}

}  // namespace

ServiceNotifier ServiceNotifier::from_environment() {
  ServiceNotifier notifier;
  notifier.socket_path_ = take_variable(kSocketVariable);
  const auto interval = parse_number(take_variable(kWatchdogVariable));
  const std::string watched = take_variable(kWatchdogPidVariable);
  // A manager that names no pid watches the process that it has started.
  const bool is_watched = watched.empty() || parse_number(watched) == ::getpid();
  if (is_watched && interval) {
    notifier.watchdog_ = std::chrono::duration_cast<milliseconds>(microseconds(*interval));
  }
  return notifier;
}

void ServiceNotifier::hand_over() const {
  if (socket_path_.empty()) return;
  ::setenv(kSocketVariable, socket_path_.c_str(), 1);
  if (watchdog_ == milliseconds{0}) return;
  ::setenv(kWatchdogVariable, in_us(watchdog_).c_str(), 1);
  ::setenv(kWatchdogPidVariable, std::to_string(::getpid()).c_str(), 1);
}

void ServiceNotifier::starting(milliseconds limit) {
  announce("EXTEND_TIMEOUT_USEC=" + in_us(limit));
}

void ServiceNotifier::ready() {
  announce("READY=1\nMAINPID=" + std::to_string(::getpid()));
  if (!next_beat_ && is_heard() && watchdog_ > milliseconds{0}) next_beat_ = now();
}

void ServiceNotifier::main_process() {
  announce("MAINPID=" + std::to_string(::getpid()));
}

void ServiceNotifier::reloading() {
  // Type=notify-reload wants the time, to tell this reload from an earlier one.
  announce("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(to_us(now())));
}

void ServiceNotifier::stopping(milliseconds limit) {
  announce("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + in_us(limit));
}

void ServiceNotifier::status(const std::string& text) {
  if (is_behind() || text == status_) return;
  if (send("STATUS=" + text)) status_ = text;
}

void ServiceNotifier::beat(MonotonicTime now) {
  if (!next_beat_ || now < *next_beat_) return;
  const bool is_sent = send("WATCHDOG=1");
  next_beat_ = now + (is_sent ? watchdog_ / 2 : std::min(watchdog_ / 2, kBetweenTries));
}

void ServiceNotifier::announce(std::string message) {
  if (!is_heard()) return;
  if (unsent_.size() == kUnsentMax) unsent_.pop_front();
  unsent_.push_back(std::move(message));
  catch_up();
}

void ServiceNotifier::catch_up() {
  while (is_behind() && send(unsent_.front())) unsent_.pop_front();
  if (!is_behind() || std::exchange(has_complained_, true)) return;
  log::warning("the service manager's queue (" + socket_path_ +
               ") is full: what it has to know is sent again until it takes it");
}

std::optional<MonotonicTime> ServiceNotifier::next_event(MonotonicTime now) const {
  if (!is_behind()) return next_beat_;
  return std::min(next_beat_.value_or(now + kBetweenTries), now + kBetweenTries);
}

/// False: the manager has no room for the message now. A manager that does not listen is no reason
/// to act differently; but an operator who waits for it must be able to find out why.
bool ServiceNotifier::send(const std::string& message) {
  if (!is_heard()) return true;
  const auto address = Address::parse("unix:" + socket_path_);  // '@' first: abstract, as there
  if (!address) {
    complain_once(address.error().text());
    return true;
  }
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const ssize_t sent = ::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
                                address->data(), address->size());
  if (sent >= 0) return true;
  const int error = errno;
  if (error == EAGAIN || error == ENOBUFS) return false;
  complain_once(std::error_code(error, std::system_category()).message());
  return true;
}

void ServiceNotifier::complain_once(const std::string& reason) {
  if (std::exchange(is_deaf_, true)) return;
  log::warning("NOTIFY_SOCKET=" + socket_path_ + ": " + reason +
               "; the service manager is not told that the server is ready");
}

}  // namespace alicorn
