// Listeners as the tests open, refuse and look at them.
#pragma once

#include "server/host/listeners.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace alicorn::test {

inline constexpr std::uint32_t kBacklog = 16;

inline Address at(const std::string& text) {
  return Address::parse(text).value();
}

inline Binds asked(const std::vector<Address>& addresses) {
  return {.addresses = addresses, .backlog = kBacklog};
}

inline Listeners opened(const std::vector<Address>& binds, const Listeners& existing = {}) {
  auto listeners = open_listeners(asked(binds), existing);
  EXPECT_TRUE(listeners) << listeners.error().text();
  return listeners.value_or(Listeners{});
}

inline std::string refusal(const std::vector<Address>& binds, const Listeners& existing = {}) {
  const auto listeners = open_listeners(asked(binds), existing);
  return listeners ? "opened" : listeners.error().text();
}

inline UniqueFd connected(const Address& address) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), address.data(), address.size()) < 0) fd.reset();
  return fd;
}

inline int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  ::getsockopt(fd, level, name, &value, &size);
  return value;
}

}  // namespace alicorn::test
