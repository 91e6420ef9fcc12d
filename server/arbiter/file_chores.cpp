// Arbiter: what needs files, and is done by a child so that a disk at a standstill holds up nobody.
#include "base/log.hpp"
#include "base/open_descriptors.hpp"
#include "server/arbiter/arbiter.hpp"
#include "server/control/answer.hpp"

#include <string>
#include <utility>

namespace alicorn {
namespace {

/// Where boot_timeout is off.
constexpr milliseconds kPatience{60'000};

}  // namespace

/// As soon as what is under way is done: at once, if nothing is.
void Arbiter::ask_for(Chores::Kind chore, std::optional<Chores::Asker> asker) {
  chores_.ask(chore, asker);
  premises_.signals.wake();
}

void Arbiter::do_chores() {
  errands_.hear(now());
  while (const auto chore = chores_.begin()) {
    switch (*chore) {
      case Chores::Kind::kReopenLogs:
        send(log_files_.reopening([this](const Result<void>& reopened) {
          for (const Chores::Asker& asker : chores_.end()) {
            const std::string answer = reopened ? done() : refusal(reopened.error().text());
            control_.socket().answer(asker.client, answer, now());
          }
        }));
        break;
      case Chores::Kind::kReload:
        reload();
        break;
      case Chores::Kind::kUpgrade:
        upgrade();
        break;
      case Chores::Kind::kTakePidfileBack:
        take_pidfile_back();
        break;
    }
  }
}

void Arbiter::send(Errand errand) {
  const std::uint32_t generation = fleet_.table.goal_generation();
  const milliseconds limit = fleet_.generations.at(generation).config.boot_timeout;
  // Its files a child keeps: to close one may be to wait for the very disk that it leads away from.
  std::vector<int> unwanted = not_for_children(generation);
  static_cast<void>(take_regular_files(unwanted));
  errands_.send(std::move(errand), unwanted, limit.count() != 0 ? limit : kPatience, now());
}

}  // namespace alicorn
