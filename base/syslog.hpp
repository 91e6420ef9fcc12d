// Lines to the syslog daemon, each a datagram. To a unix socket in the form of glibc, which
// journald and rsyslog expect there; over UDP as RFC 5424, which has host, year and zone. Any
// process.
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
  int facility = 1;    ///< user; shifted left by three it is LOG_USER
  std::string name{};  ///< before ".error" and ".access": "alicorn.shop"
};

class Syslog {
 public:
  /// Receivers take so much of a message; with the header it is 8 KiB.
  static constexpr std::size_t kMessageMax = 8000;

  enum class Severity { kCritical = 2, kError = 3, kWarning = 4, kInfo = 6, kDebug = 7 };

  /// `log`: "error" or "access". Made after the fork: it holds the process id.
  Syslog(const SyslogSettings& settings, std::string_view log);

  /// Without a line end. 0, or errno: EAGAIN when the daemon does not keep up.
  int send(Severity severity, std::string_view message);
  std::uint64_t take_lost() { return socket_.take_lost(); }
  int fd() const { return socket_.fd(); }

 private:
  std::string_view header(Severity severity);

  DatagramSocket socket_;
  bool is_local_;
  int facility_;
  std::string origin_;  ///< what stands behind the time
  char header_[640];
};

}  // namespace alicorn
