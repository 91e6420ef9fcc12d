#include "server/arbiter/left_behind.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace alicorn {

void LeftBehind::add(pid_t pid, std::string name) {
  children_.push_back({pid, std::move(name)});
}

std::string LeftBehind::refusal() {
  return "a disk has not answered: " + std::to_string(kMax) +
         " zygotes and masters are stuck in the kernel, and another one would join them";
}

bool LeftBehind::has(pid_t pid) const {
  return std::any_of(children_.begin(), children_.end(),
                     [pid](const Child& child) { return child.pid == pid; });
}

bool LeftBehind::on_exit(pid_t pid) {
  const auto child = std::find_if(children_.begin(), children_.end(),
                                  [pid](const Child& one) { return one.pid == pid; });
  if (child == children_.end()) return false;
  log::info(child->name + " (pid " + std::to_string(pid) + "), which was left behind, has ended");
  children_.erase(child);
  return true;
}

}  // namespace alicorn
