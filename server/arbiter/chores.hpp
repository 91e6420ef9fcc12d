// Requests to the master that need files. They are done one after the other; a request that is made
// several times while it waits is done once. Pure. Master.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace alicorn {

class Chores {
 public:
  enum class Kind { kReopenLogs, kReload, kUpgrade, kTakePidfileBack };
  /// A client of the control socket that gets an answer.
  struct Asker {
    std::uint64_t client;
    bool waits_for_workers;
  };

  /// A chore under way may already have looked at its files, so it does not count for this request.
  void ask(Kind kind, std::optional<Asker> asker = std::nullopt) {
    auto chore = std::find_if(waiting_.begin(), waiting_.end(),
                              [&](const Chore& other) { return other.kind == kind; });
    if (chore == waiting_.end()) chore = waiting_.insert(chore, Chore{.kind = kind, .askers = {}});
    if (asker) chore->askers.push_back(*asker);
  }
  /// The next chore, unless one is under way.
  std::optional<Kind> begin() {
    if (under_way_ || waiting_.empty()) return std::nullopt;
    under_way_ = std::move(waiting_.front());
    waiting_.pop_front();
    return under_way_->kind;
  }
  /// The current chore is over; to be called once for each begin(). Gives the clients that asked
  /// for it.
  std::vector<Asker> end() { return std::exchange(under_way_, std::nullopt)->askers; }

  template <class IsThere>
  std::size_t askers(const IsThere& is_there) const {
    const auto count_of = [&](const Chore& chore) {
      return std::count_if(chore.askers.begin(), chore.askers.end(),
                           [&](const Asker& asker) { return is_there(asker.client); });
    };
    auto count = under_way_ ? count_of(*under_way_) : 0;
    for (const Chore& chore : waiting_) count += count_of(chore);
    return static_cast<std::size_t>(count);
  }

 private:
  struct Chore {
    Kind kind;
    std::vector<Asker> askers;
  };

  std::deque<Chore> waiting_;
  std::optional<Chore> under_way_;
};

}  // namespace alicorn
