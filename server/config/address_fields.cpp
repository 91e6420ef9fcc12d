#include "server/config/address_fields.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kUdp = "udp://";
constexpr std::string_view kSyslogPort = ":514";

/// Gunicorn writes two slashes after "unix:", which the addresses of bind do not have.
Result<Address> parse_unix(std::string_view text) {
  text.remove_prefix(kUnix.size());
  if (text.starts_with("//")) text.remove_prefix(2);
  if (!text.starts_with('/') && !text.starts_with('@')) {
    return fail("the socket path must begin with a slash, so that it does not depend on a folder");
  }
  return Address::parse(std::string(kUnix).append(text));
}

bool names_port(std::string_view host_and_port) {
  const std::size_t host_end = host_and_port.rfind(']');
  return host_and_port.find(':', host_end == std::string_view::npos ? 0 : host_end) !=
         std::string_view::npos;
}

/// An address to send datagrams to. Port 0 is refused because nobody can listen on it.
Result<Address> parse_destination(std::string_view text) {
  auto address = Address::parse(text);
  if (address && address->kind() == Address::Kind::kInet && address->port() == 0) {
    return fail("nobody can listen on port 0");
  }
  return address;
}

Result<Address> parse_syslog_address(std::string_view text) {
  constexpr std::string_view kDatagrams = "#dgram";
  if (text.starts_with(kUnix)) {
    if (text.ends_with(kDatagrams)) text.remove_suffix(kDatagrams.size());
    if (text.ends_with("#stream")) {
      return fail("streams are not supported: syslog daemons receive datagrams, #dgram");
    }
    return parse_unix(text);
  }
  if (!text.starts_with(kUdp)) {
    return fail(text.starts_with("tcp://")
                    ? "TCP is not supported: let a local syslog daemon forward the lines"
                    : "unix://PATH or udp://HOST:PORT expected");
  }
  std::string host(text.substr(kUdp.size()));
  if (!names_port(host)) host.append(kSyslogPort);
  return parse_destination(host);
}

Result<Address> parse_statsd_host(std::string_view text) {
  if (text.starts_with(kUnix)) return parse_unix(text);
  if (text.starts_with("fd:") || !names_port(text)) {
    return fail("HOST:PORT or unix:PATH expected");
  }
  return parse_destination(text);
}

Result<void> bad_address(std::string_view text, const Error& error) {
  return fail("has a bad address \"" + std::string(text) + "\": " + error.text());
}

/// Refuses characters that would end a name, a value or a line in the statsd protocol.
Result<void> check_statsd_text(std::string_view text, std::string_view allowed) {
  const auto is_fine = [](char c) { return c > ' ' && c <= '~' && c != '|' && c != '#'; };
  if (std::all_of(text.begin(), text.end(), is_fine)) return {};
  return not_allowed(allowed, text);
}

}  // namespace

Field syslog_address_field() {
  Field field;
  field.style = Field::Style::kQuoted;
  field.allowed = "unix://PATH or udp://HOST:PORT";
  field.set = [](Config& config, const Values& values) -> Result<void> {
    const auto address = parse_syslog_address(values.front());
    if (!address) return bad_address(values.front(), address.error());
    config.error_log.syslog.address = *address;
    return {};
  };
  field.get = [](const Config& config) {
    const Address& address = config.error_log.syslog.address;
    return Values{address.is_unix() ? "unix://" + address.path()
                                    : std::string(kUdp) + address.text()};
  };
  return field;
}

Field syslog_facility_field() {
  const auto access = [](auto& config) -> auto& {
    return config.error_log.syslog.facility;
  };
  return choice_field(
      access,
      std::initializer_list<std::pair<std::string_view, int>>{
          {"user", 1},      {"kern", 0},    {"mail", 2},    {"daemon", 3},  {"auth", 4},
          {"syslog", 5},    {"lpr", 6},     {"news", 7},    {"uucp", 8},    {"cron", 9},
          {"authpriv", 10}, {"ftp", 11},    {"local0", 16}, {"local1", 17}, {"local2", 18},
          {"local3", 19},   {"local4", 20}, {"local5", 21}, {"local6", 22}, {"local7", 23}});
}

Field statsd_host_field() {
  Field field;
  field.style = Field::Style::kQuoted;
  field.allowed = "HOST:PORT or unix:PATH";
  field.set = [](Config& config, const Values& values) -> Result<void> {
    StatsdSettings& statsd = config.worker.statsd;
    statsd.enabled = !values.front().empty();
    statsd.address = {};
    if (!statsd.enabled) return {};
    const auto address = parse_statsd_host(values.front());
    if (!address) return bad_address(values.front(), address.error());
    statsd.address = *address;
    return {};
  };
  field.get = [](const Config& config) {
    const StatsdSettings& statsd = config.worker.statsd;
    return Values{statsd.enabled ? statsd.address.text() : ""};
  };
  return field;
}

Field statsd_prefix_field() {
  Field field;
  field.style = Field::Style::kQuoted;
  field.allowed = "visible ASCII characters without | and #";
  field.set = [allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    std::string_view prefix = values.front();
    while (prefix.ends_with('.')) prefix.remove_suffix(1);
    if (auto fine = check_statsd_text(prefix, allowed); !fine) return fine;
    config.worker.statsd.prefix = prefix;
    return {};
  };
  field.get = [](const Config& config) { return Values{config.worker.statsd.prefix}; };
  return field;
}

Field dogstatsd_tags_field() {
  Field field;
  field.style = Field::Style::kQuoted;
  field.allowed = "tags, separated by commas";
  field.set = [allowed = field.allowed](Config& config, const Values& values) -> Result<void> {
    if (auto fine = check_statsd_text(values.front(), allowed); !fine) return fine;
    config.worker.statsd.tags = values.front();
    return {};
  };
  field.get = [](const Config& config) { return Values{config.worker.statsd.tags}; };
  return field;
}

}  // namespace alicorn
