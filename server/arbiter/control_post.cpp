#include "server/arbiter/control_post.hpp"

#include "base/log.hpp"

#include <string>

namespace alicorn {

Result<void> ControlPost::open(std::uint32_t generation) {
  if (auto expected = expect(generation); !expected) return expected;
  desk_.take_expected();
  return {};
}

Result<void> ControlPost::expect(std::uint32_t generation) {
  const std::string& path = fleet_.generations.at(generation).config.control_socket;
  const pid_t predecessor = upgrade_.has_predecessor() ? upgrade_.predecessor().pid() : 0;
  auto expected = desk_.expect(path, predecessor);
  if (expected || !upgrade_.has_successor()) return expected;
  if (path != desk_.socket().listener().path()) log::warning(expected.error().text());
  return {};
}

void ControlPost::take() {
  desk_.take_expected();
  if (auto opened = open(fleet_.table.goal_generation()); !opened) {
    log::error(opened.error().text());
  }
}

void ControlPost::take_back() {
  if (fleet_.table.serving_generation() == 0) return;
  if (auto opened = open(fleet_.table.serving_generation()); !opened) {
    log::error(opened.error().text());
  }
}

}  // namespace alicorn
