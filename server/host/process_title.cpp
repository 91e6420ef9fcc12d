#include "server/host/process_title.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// The kernel shows the bytes from the first argument on. If the last byte of the arguments is not
/// NUL, it also shows those of the environment behind them.
struct TitleRoom {
  char* begin = nullptr;
  std::size_t size = 0;
};

/// The place of the arguments and the environment in memory: fields 48 to 51 of /proc/self/stat.
TitleRoom find_room() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name_end = text.rfind(')');  // the name may hold spaces
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 48; ++field) fields >> skipped;
  std::uintptr_t arguments_begin = 0, arguments_end = 0, environment_begin = 0, environment_end = 0;
  fields >> arguments_begin >> arguments_end >> environment_begin >> environment_end;
  if (!fields || arguments_begin == 0 || arguments_end <= arguments_begin) return {};
  // Under valgrind or an emulator that memory belongs to the tool, and ours is elsewhere.
  const auto own_name = reinterpret_cast<std::uintptr_t>(program_invocation_name);
  if (own_name < arguments_begin || own_name >= arguments_end) return {};
  const bool adjacent = environment_begin == arguments_end && environment_end > environment_begin;
  return {reinterpret_cast<char*>(arguments_begin),
          (adjacent ? environment_end : arguments_end) - arguments_begin};
}

/// The title also uses the environment's memory, so the variables are moved out of the way first.
void move_environment_away(const TitleRoom& room) {
  const auto in_room = [&](const char* text) {
    return text >= room.begin && text < room.begin + room.size;
  };
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (in_room(*entry)) entries.emplace_back(*entry);
  }
  for (const std::string& entry : entries) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    ::setenv(entry.substr(0, equals).c_str(), entry.substr(equals + 1).c_str(), 1);
  }
}

}  // namespace

void set_process_title(std::string_view title) {
  ::prctl(PR_SET_NAME, std::string(title.substr(0, 15)).c_str());
  const TitleRoom room = find_room();
  if (room.size < 2) return;
  move_environment_away(room);
  const std::size_t length = std::min(title.size(), room.size - 1);
  std::memset(room.begin, 0, room.size);
  std::memcpy(room.begin, title.data(), length);
}

}  // namespace alicorn
