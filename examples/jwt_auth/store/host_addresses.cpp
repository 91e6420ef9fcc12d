#include "store/host_addresses.hpp"

#include "store/fault.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include <netdb.h>
#include <sys/socket.h>

namespace jwt_auth {
namespace {

/// Threads that connect at the same time ask only once; a name that moves is followed soon.
constexpr std::chrono::seconds kFresh(30);
/// A live name server answers sooner.
constexpr milliseconds kPatience(1000);
/// All addresses share the time of one call.
constexpr std::size_t kAddressesMax = 16;

std::string text_of(const addrinfo& entry) {
  std::array<char, NI_MAXHOST> text{};
  const int failed = ::getnameinfo(entry.ai_addr, entry.ai_addrlen, text.data(), text.size(),
                                   nullptr, 0, NI_NUMERICHOST);
  return failed == 0 ? text.data() : "";
}

HostAddresses::Answer ask_resolver(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &list); error != 0) {
    return {{},
            error == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(error)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
  HostAddresses::Answer answer;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::string address = text_of(*entry);
    auto& all = answer.addresses;
    if (address.empty() || std::find(all.begin(), all.end(), address) != all.end()) continue;
    if (all.size() < kAddressesMax) all.push_back(std::move(address));
  }
  return answer;
}

}  // namespace

struct HostAddresses::Known {
  struct Entry {
    std::vector<std::string> addresses;  ///< from the last good answer
    Deadline::Clock::time_point good_until{};
    std::string error;          ///< of the last answer, if it failed
    std::uint64_t answers = 0;  ///< the number of finished look-ups
    bool is_asked = false;      ///< a look-up is running
  };

  Known(LookUp function, HostAddresses::Clock now)
      : look_up(std::move(function)), clock(std::move(now)) {}

  void take(Entry& entry, Answer answer) {
    {
      const std::lock_guard lock(mutex);
      entry.is_asked = false;
      ++entry.answers;
      entry.error = std::move(answer.error);
      if (!answer.addresses.empty()) {
        entry.addresses = std::move(answer.addresses);
        entry.good_until = clock() + kFresh;
      }
    }
    answered.notify_all();
  }

  const LookUp look_up;
  const HostAddresses::Clock clock;
  std::mutex mutex;
  std::condition_variable answered;
  std::map<std::string, Entry> entries;  ///< bounded by the names in the settings
};

HostAddresses::HostAddresses() : HostAddresses(ask_resolver) {}

HostAddresses::HostAddresses(LookUp look_up, Clock clock)
    : known_(std::make_shared<Known>(std::move(look_up), std::move(clock))) {}

std::vector<std::string> HostAddresses::of(const std::string& name, Deadline deadline) const {
  Known& known = *known_;
  std::unique_lock lock(known.mutex);
  Known::Entry& entry = known.entries[name];
  if (known.clock() < entry.good_until) return entry.addresses;
  const std::uint64_t before = entry.answers;
  if (!entry.is_asked) {
    const auto ask = [kept = known_, &entry, name] {
      Answer answer;
      try {
        answer = kept->look_up(name);
      } catch (const std::exception&) {
        // Out of memory: there is no answer.
      }
      kept->take(entry, std::move(answer));
    };
    try {
      std::thread(ask).detach();  // nobody can end its wait, and nobody needs to join it
      entry.is_asked = true;
    } catch (const std::system_error&) {
      throw QueryError(
          {Fault::Kind::kUnavailable, "cannot start a thread to look up \"" + name + '"'});
    }
  }
  const bool is_known = !entry.addresses.empty();
  // Most of the time is kept for connecting to a known address.
  const Deadline end = is_known ? Deadline::in(std::min(kPatience, deadline.left() / 4)) : deadline;
  known.answered.wait_for(lock, end.left(), [&] { return entry.answers != before; });
  if (!entry.addresses.empty()) return entry.addresses;
  if (entry.answers == before) {
    throw QueryError({Fault::Kind::kSilent, "the look-up of \"" + name +
                                                "\" was not answered in time (database.timeout)"});
  }
  throw QueryError({Fault::Kind::kBroken, "could not look up \"" + name + "\": " + entry.error});
}

}  // namespace jwt_auth
