#include "server/arbiter/file_chores.hpp"

#include "base/open_descriptors.hpp"

#include <utility>

namespace alicorn {
namespace {

/// The limit of an errand if boot_timeout is off.
constexpr milliseconds kPatience{60'000};

}  // namespace

void FileChores::ask(Chores::Kind chore, std::optional<Chores::Asker> asker) {
  chores_.ask(chore, asker);
  signals_.wake();
}

bool FileChores::has_room(const ControlSocket& socket) const {
  const auto is_there = [&](std::uint64_t client) { return socket.waits(client); };
  return chores_.askers(is_there) < ControlSocket::kWaitersMax / 2;
}

void FileChores::send(Errand errand) {
  const milliseconds limit = fleet_.goal().config.boot_timeout;
  // The child keeps the master's regular files open: closing one may mean waiting for the very disk
  // that the errand keeps the master away from.
  std::vector<int> unwanted = own_descriptors_(fleet_.table.goal_generation());
  static_cast<void>(take_regular_files(unwanted));
  errands_.send(std::move(errand), unwanted, limit.count() != 0 ? limit : kPatience, now());
}

}  // namespace alicorn
