// One generation per reload: the configuration and the listeners that its workers were started
// with. Master.
#pragma once

#include "base/lingering_fd.hpp"
#include "server/config/config.hpp"
#include "server/host/listeners.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace alicorn {

struct Generation {
  Config config;
  Listeners listeners;
  /// Opened once, for its workers to inherit: a worker that starts later must not fail because the
  /// file can no longer be opened. None without an access log, or if it is a standard stream.
  LingeringFd access_log{};
  /// The same for the error log, for processes of a generation whose log is no longer the master's.
  LingeringFd error_log{};
};

class Generations {
 public:
  static constexpr std::uint32_t kFirst = 1;

  /// Gives its number; the first is kFirst.
  std::uint32_t add(Generation generation);
  const Generation& at(std::uint32_t number) const { return generations_.at(number); }
  Generation& at(std::uint32_t number) { return generations_.at(number); }
  std::vector<std::uint32_t> numbers() const;
  bool contains(std::uint32_t number) const { return generations_.contains(number); }

  /// Every listener that is open, each once.
  Listeners all_listeners() const;
  /// The listeners that this generation does not use.
  Listeners listeners_not_of(std::uint32_t number) const;
  /// Every generation has the same ones.
  bool listens_like_others(std::uint32_t number) const;
  /// Drops the generations that nobody needs; gives the listeners that only they used.
  Listeners drop_unless(const std::function<bool(std::uint32_t)>& is_needed);

 private:
  std::uint32_t last_ = kFirst - 1;
  std::map<std::uint32_t, Generation> generations_;
};

}  // namespace alicorn
