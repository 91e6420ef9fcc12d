// Tells the service manager how far we are, in the datagrams of sd_notify(3), without its library.
// Master.
#pragma once

#include <string>

namespace alicorn {

class ServiceNotifier {
 public:
  /// From NOTIFY_SOCKET; without it nobody is told.
  static ServiceNotifier from_environment();
  ServiceNotifier() = default;

  /// The first worker is ready. With our pid: after a binary upgrade it is a new one (needs
  /// NotifyAccess=all).
  void ready() const;
  void reloading() const;
  void stopping() const;

 private:
  void send(const std::string& message) const;

  std::string socket_path_;
};

}  // namespace alicorn
