#include "server/host/inherited_listeners.hpp"

#include "server/host/unix_socket.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {
namespace {

constexpr int kFirstSystemdFd = 3;  // SD_LISTEN_FDS_START
constexpr const char* kSystemdVariable = "LISTEN_FDS";
constexpr int kInheritedMax = 1024;

std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string taken = value != nullptr ? value : "";
  ::unsetenv(name);
  return taken;
}

std::optional<int> parse_number(std::string_view digits) {
  int number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed_to, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc{} || parsed_to != end || number < 0) return std::nullopt;
  return number;
}

int option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

/// A path may contain a comma, which ends an entry.
std::string escape(std::string_view text) {
  std::string escaped;
  for (const char byte : text) {
    if (byte == ',') {
      escaped += "%2C";
    } else if (byte == '%') {
      escaped += "%25";
    } else {
      escaped += byte;
    }
  }
  return escaped;
}

std::string unescape(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const bool is_comma = text.starts_with("%2C");
    const bool is_percent = text.starts_with("%25");
    plain += is_comma ? ',' : is_percent ? '%' : text.front();
    text.remove_prefix(is_comma || is_percent ? 3 : 1);
  }
  return plain;
}

Result<void> take_from_systemd(Listeners& taken) {
  const auto count = parse_number(take_variable(kSystemdVariable));
  const auto pid = parse_number(take_variable("LISTEN_PID"));
  ::unsetenv("LISTEN_FDNAMES");
  if (!count || pid != ::getpid()) return {};
  for (int fd = kFirstSystemdFd; fd < kFirstSystemdFd + std::min(*count, kInheritedMax); ++fd) {
    const auto asked = Address::parse("fd://" + std::to_string(fd));
    auto listener = adopt_listener(fd, *asked, Listener::Origin::kSystemd);
    if (!listener) return tl::unexpected(listener.error());
    taken.push_back(std::move(*listener));
  }
  return {};
}

Result<void> take_from_previous_master(Listeners& taken) {
  const std::string variable = take_variable(kUpgradeFdsVariable);
  std::string_view rest = variable;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
    const std::size_t equals = entry.find('=');
    const auto fd = parse_number(entry.substr(0, equals));
    const auto asked =
        Address::parse(equals == std::string_view::npos ? "" : unescape(entry.substr(equals + 1)));
    if (!fd || !asked) {
      return fail(std::string(kUpgradeFdsVariable) + ": cannot read '" + std::string(entry) + "'");
    }
    const bool was_given = asked->kind() == Address::Kind::kInherited;
    auto listener = adopt_listener(*fd, *asked,
                                   was_given ? Listener::Origin::kGiven : Listener::Origin::kBound);
    if (!listener) return tl::unexpected(listener.error());
    taken.push_back(std::move(*listener));
  }
  return {};
}

}  // namespace

Result<Listeners> take_inherited_listeners() {
  Listeners taken;
  if (const auto from = take_from_previous_master(taken); !from)
    return tl::unexpected(from.error());
  if (const auto from = take_from_systemd(taken); !from) return tl::unexpected(from.error());
  return taken;
}

void hide_given_descriptors(const std::vector<Address>& binds) {
  for (const Address& bind : binds) {
    if (bind.kind() != Address::Kind::kInherited) continue;
    // If it is missing, adopt_listener() says so.
    ::fcntl(bind.inherited_fd(), F_SETFD, FD_CLOEXEC);
  }
}

Result<std::shared_ptr<Listener>> adopt_listener(int fd, const Address& asked,
                                                 Listener::Origin origin) {
  if (option(fd, SO_ACCEPTCONN) != 1 || option(fd, SO_TYPE) != SOCK_STREAM) {
    // The operator wrote fd://N, unless the descriptor came with the environment.
    const std::string source =
        origin == Listener::Origin::kSystemd ? kSystemdVariable : asked.text();
    return fail(source + ": descriptor " + std::to_string(fd) +
                " is not a listening stream socket");
  }
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  refuse_descriptors(fd);  // TCP does not have this option
  auto listener = std::make_shared<Listener>();
  listener->fd = UniqueFd(fd);
  listener->asked = asked;
  listener->origin = origin;
  read_name(*listener);
  return listener;
}

std::string describe_for_upgrade(const Listeners& listeners) {
  std::string text;
  for (const auto& listener : listeners) {
    if (listener->origin == Listener::Origin::kSystemd) continue;
    if (!text.empty()) text += ',';
    text += std::to_string(listener->fd.get()) + "=" + escape(listener->asked.text());
  }
  return text;
}

}  // namespace alicorn
