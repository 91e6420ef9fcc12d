// Sends lines to the syslog daemon, one datagram each. A unix socket gets glibc's format, which
// journald and rsyslog expect there. UDP gets RFC 5424, which includes host, year and zone. Used in
// any process.
#pragma once

#include "base/address.hpp"
#include "base/datagram_socket.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace alicorn {

struct SyslogSettings {
  bool enabled = false;
  Address address = *Address::parse("unix:/dev/log");
  int facility = 1;    ///< "user"; LOG_USER is this value shifted left by three
  std::string name{};  ///< comes before ".error" and ".access": "alicorn.shop"
};

class Syslog {
 public:
  /// Receivers accept a message of this size. With the header the datagram has 8 KiB.
  static constexpr std::size_t kMessageMax = 8000;

  enum class Severity { kCritical = 2, kError = 3, kWarning = 4, kInfo = 6, kDebug = 7 };

  /// `log` is "error" or "access". Construct it after the fork: it stores the process id.
  Syslog(const SyslogSettings& settings, std::string_view log);

  /// `message` has no line end. Returns 0 or errno; EAGAIN if the daemon does not keep up.
  int send(Severity severity, std::string_view message);
  std::uint64_t take_lost() { return socket_.take_lost(); }
  int fd() const { return socket_.fd(); }

 private:
  std::string_view header(Severity severity);

  DatagramSocket socket_;
  bool is_local_;
  int facility_;
  std::string origin_;  ///< the part of the header after the time
  char header_[640];
};

}  // namespace alicorn
