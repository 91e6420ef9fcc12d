#include "server/host/shared_rooms.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace alicorn {
namespace {

/// To be raised with each change of what lies in the memory, or of the messages (HandOverMessage),
/// that the sizes below do not show.
constexpr std::uint32_t kLayout = 1;

std::vector<std::uint32_t> layout() {
  return {kLayout, kWorkerSlots, sizeof(WorkerLoad), MailRoom::kPlaces, sizeof(Custody)};
}

/// "1,2,3" or, of an empty list, "-".
template <class Numbers>
std::string joined(const Numbers& numbers) {
  std::string text;
  for (const auto number : numbers)
    text.append(text.empty() ? "" : ",").append(std::to_string(number));
  return text.empty() ? "-" : text;
}

std::vector<std::uint32_t> split(std::string_view text) {
  std::vector<std::uint32_t> numbers;
  while (!text.empty()) {
    const std::string_view digits = text.substr(0, text.find(','));
    std::uint32_t number = 0;
    const char* const end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, number).ptr == end && !digits.empty()) {
      numbers.push_back(number);
    }
    text.remove_prefix(std::min(digits.size() + 1, text.size()));
  }
  return numbers;
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

std::vector<std::uint32_t> members_of(const SlotSet& slots) {
  std::vector<std::uint32_t> members;
  for (std::uint32_t slot = 0; slot < slots.size(); ++slot) {
    if (slots[slot]) members.push_back(slot);
  }
  return members;
}

/// No program that this one starts may keep it.
UniqueFd take_descriptor(std::uint32_t number) {
  const int fd = static_cast<int>(number);
  if (fd <= STDERR_FILENO || ::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return {};
  return UniqueFd(fd);
}

}  // namespace

std::vector<int> descriptors_of(const LoadTable& loads, const MailRoom& room) {
  if (loads.fd() < 0 || room.fd() < 0) return {};
  std::vector<int> fds{loads.fd(), room.fd()};
  for (std::uint32_t slot = 0; slot < room.boxes(); ++slot) {
    fds.insert(fds.end(), {room.reading_end(slot), room.writing_end(slot)});
  }
  return fds;
}

std::string describe_rooms(std::uint32_t era, const SlotSet& of_old, const LoadTable& loads,
                           const MailRoom& room) {
  const std::vector<int> fds = descriptors_of(loads, room);
  if (fds.empty()) return {};
  return joined(layout()) + " " + std::to_string(era) + " " + joined(members_of(of_old)) + " " +
         joined(fds);
}

/// A program with another layout closes the descriptors. So the last word has to stay a list of
/// them, and to stay the fourth, whatever comes.
std::optional<SharedRooms> take_shared_rooms() {
  const char* const value = std::getenv(kRoomsVariable);
  const std::string variable = value != nullptr ? value : "";
  ::unsetenv(kRoomsVariable);
  std::string_view text = variable;
  const bool is_alike = split(take_word(text)) == layout();
  const std::vector<std::uint32_t> era = split(take_word(text)), slots = split(take_word(text)),
                                   numbers = split(take_word(text));
  SharedRooms rooms;
  std::vector<UniqueFd> fds;
  fds.reserve(numbers.size());
  for (const std::uint32_t number : numbers) fds.push_back(take_descriptor(number));
  const bool is_whole =
      std::all_of(fds.begin(), fds.end(), [](const UniqueFd& fd) { return bool(fd); });
  if (!is_alike || era.size() != 1 || fds.size() < 2 || fds.size() % 2 != 0 || !is_whole) {
    return std::nullopt;
  }
  rooms.era = era.front();
  for (const std::uint32_t slot : slots) {
    if (slot < rooms.of_old.size()) rooms.of_old.set(slot);
  }
  rooms.loads = std::move(fds[0]);
  rooms.custodies = std::move(fds[1]);
  for (std::size_t i = 2; i < fds.size(); i += 2) {
    rooms.boxes.push_back({.reading = std::move(fds[i]), .writing = std::move(fds[i + 1])});
  }
  return rooms;
}

}  // namespace alicorn
