#include "server/host/systemd.hpp"

#include "base/address.hpp"
#include "base/clock.hpp"
#include "base/unique_fd.hpp"

#include <cstdlib>

#include <sys/socket.h>
#include <unistd.h>

namespace alicorn {

ServiceNotifier ServiceNotifier::from_environment() {
  ServiceNotifier notifier;
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path != nullptr) notifier.socket_path_ = path;
  return notifier;
}

void ServiceNotifier::ready() const {
  send("READY=1\nMAINPID=" + std::to_string(::getpid()));
}

void ServiceNotifier::reloading() const {
  // Type=notify-reload wants the time, to tell this reload from an earlier one.
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(to_us(now())));
}

void ServiceNotifier::stopping() const {
  send("STOPPING=1");
}

void ServiceNotifier::send(const std::string& message) const {
  if (socket_path_.empty()) return;
  const auto address = Address::parse("unix:" + socket_path_);  // '@' first: abstract, as there
  if (!address) return;
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // A manager that does not listen is no reason to do anything differently.
  ::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL, address->data(),
           address->size());
}

}  // namespace alicorn
