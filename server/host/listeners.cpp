#include "server/host/listeners.hpp"

#include "base/log.hpp"
#include "server/host/folder_lock.hpp"
#include "server/host/held_folder.hpp"
#include "server/host/inherited_listeners.hpp"
#include "server/host/unix_socket.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

Result<void> set_option(int fd, int level, int name, int value, std::string_view what) {
  if (::setsockopt(fd, level, name, &value, sizeof(value)) < 0) return fail_errno(what);
  return {};
}

/// `asked` may differ from the address in its port.
Result<void> bind_inet(int fd, const Address& address, const Address& asked, const Binds& binds) {
  auto reuse = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (!reuse) return reuse;
  if (address.family() == AF_INET6) {
    // Set in either case: the default depends on the system (net.ipv6.bindv6only).
    const int is_only = binds.takes_ipv4(asked) ? 0 : 1;
    auto only = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, is_only, "IPV6_V6ONLY");
    if (!only) return only;
  }
  if (::bind(fd, address.data(), address.size()) < 0) return fail_errno("bind", address.text());
  return {};
}

/// Both want the clients of the same address and port: the kernel lets only one of them listen.
bool is_in_the_way(const Listener& listener, const Address& asked, const Binds& binds) {
  const Address& has = listener.address;
  if (has.is_unix() || asked.is_unix() || has.port() == 0 || has.port() != asked.port()) {
    return false;
  }
  if (has.family() == asked.family()) return has.is_any() || asked.is_any() || has == asked;
  return has.family() == AF_INET6 ? takes_both_families(listener) : binds.takes_ipv4(asked);
}

/// The error of a bind, with what the operator cannot see from outside: the server itself is in the
/// way, because it closes no address before the next ones are open.
Error explained(const Error& error, const Address& asked, const Binds& binds,
                const Listeners& existing) {
  const auto found = std::find_if(existing.begin(), existing.end(), [&](const auto& listener) {
    return is_in_the_way(*listener, asked, binds);
  });
  if (error.code != std::errc::address_in_use) return error;
  if (found == existing.end()) {
    if (!binds.takes_ipv4(asked)) return error;
    return {error.code,
            error.context + " for IPv6 and IPv4 (bind_ipv6_only leaves IPv4 to others)"};
  }
  const std::string both = takes_both_families(**found) ? " for both families" : "";
  return {{},
          error.text() + ": the server itself listens at " + (*found)->address.text() + both +
              "; only a restart puts one in place of the other"};
}

/// The family of an open socket cannot be changed.
void warn_of_other_family(const Listener& listener, const Binds& binds) {
  const Address& asked = listener.asked;
  if (asked.family() != AF_INET6 || !asked.is_any()) return;
  const bool has_both = takes_both_families(listener);
  if (has_both == binds.takes_ipv4(asked)) return;
  log::warning(
      listener.address.text() +
      (has_both ? " goes on taking IPv4 clients, too" : " goes on taking IPv6 clients alone") +
      ": it was opened so, and only a restart changes it");
}

/// It only saves work, so a kernel that refuses is no reason not to listen.
void defer_accept(const Listener& listener, const Binds& binds) {
  if (listener.address.is_unix()) return;
  const auto seconds = static_cast<int>(binds.defer_accept_s);
  ::setsockopt(listener.fd.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
}

/// The address of a socket that others join (SO_REUSEPORT), or of one that does.
enum class Company { kNone, kFirst, kJoins };

/// Any process of this user can join a socket with SO_REUSEPORT, so the first one listens without:
/// a second server must be told that the address is in use.
Result<void> share(int fd, Company company, Company now) {
  if (company != now) return {};
  return set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
}

Result<std::shared_ptr<Listener>> open_one(const Address& asked, const Address& address,
                                           const Binds& binds, Company company) {
  auto fd = adopt(::socket(asked.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket",
                  asked.text());
  if (!fd) return tl::unexpected(fd.error());
  // Held until it listens: a socket that is only bound looks stale to another server.
  std::optional<FolderLock> lock;
  if (asked.is_unix() && !asked.path().starts_with('@')) lock.emplace(asked.path());
  if (asked.is_unix()) refuse_descriptors(fd->get());
  if (auto joined = share(fd->get(), company, Company::kJoins); !joined) {
    return tl::unexpected(joined.error());
  }
  const auto bound =
      asked.is_unix() ? bind_unix(fd->get(), asked) : bind_inet(fd->get(), address, asked, binds);
  if (!bound) return tl::unexpected(bound.error());
  auto listener = std::make_shared<Listener>();
  listener->asked = asked;
  listener->fd = std::move(*fd);
  read_name(*listener);
  if (::listen(listener->fd.get(), static_cast<int>(binds.backlog)) < 0) {
    const auto failure = fail_errno("listen", asked.text());
    unlink_path(*listener);
    return failure;
  }
  if (auto opened = share(listener->fd.get(), company, Company::kFirst); !opened) {
    return tl::unexpected(opened.error());
  }
  defer_accept(*listener, binds);
  return listener;
}

Result<Listeners> open_or_adopt(const Address& asked, const Binds& binds) {
  const bool is_given = asked.kind() == Address::Kind::kInherited;
  const std::uint32_t count = asked.is_unix() || is_given ? 1 : binds.sockets_each;
  auto first = is_given
                   ? adopt_listener(asked.inherited_fd(), asked, Listener::Origin::kGiven)
                   : open_one(asked, asked, binds, count > 1 ? Company::kFirst : Company::kNone);
  if (!first) return tl::unexpected(first.error());
  Listeners opened{std::move(*first)};
  while (opened.size() < count) {
    // Not as it was asked for: port 0 would give each another one.
    auto another = open_one(asked, opened.front()->address, binds, Company::kJoins);
    if (!another) return tl::unexpected(another.error());
    opened.push_back(std::move(*another));
  }
  return opened;
}

/// fd://N is a descriptor that the server was given, not one that it has opened since.
bool is_taken(const Address& asked, const Listeners& open) {
  return asked.kind() == Address::Kind::kInherited &&
         std::any_of(open.begin(), open.end(), [&](const auto& listener) {
           return listener->fd.get() == asked.inherited_fd();
         });
}

/// Not a socket that has taken its path.
bool is_file_of(const struct stat& status, const Listener& listener) {
  return status.st_dev == listener.device && status.st_ino == listener.inode;
}

/// Whether the path still leads to its file.
bool is_in_place(const Listener& listener) {
  const auto place = HeldFolder::of(listener.address.path());
  return place && place->has(listener.device, listener.inode);
}

/// Nobody can connect to it any more, though workers may still empty its queue: it was retired, or
/// somebody has removed the file.
bool has_lost_its_file(const Listener& listener) {
  return has_file(listener) && (listener.is_retired || !is_in_place(listener));
}

/// The settings of the queue may have changed; also, an address that the last reload dropped may be
/// back.
void refresh(Listener& listener, const Binds& binds) {
  ::listen(listener.fd.get(), static_cast<int>(binds.backlog));
  defer_accept(listener, binds);
  if (!std::exchange(listener.is_retired, false)) return;
  const int unused = 0;
  ::setsockopt(listener.fd.get(), SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
}

}  // namespace

bool takes_both_families(const Listener& listener) {
  if (!listener.address.is_any() || listener.address.family() != AF_INET6) return false;
  int is_only = 1;
  socklen_t size = sizeof(is_only);
  return ::getsockopt(listener.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &is_only, &size) == 0 &&
         is_only == 0;
}

bool Binds::takes_ipv4(const Address& asked) const {
  if (any6 == Any6::kIpv6Only || asked.family() != AF_INET6 || !asked.is_any()) return false;
  return std::none_of(addresses.begin(), addresses.end(), [&](const Address& other) {
    return other.kind() == Address::Kind::kInet && other.family() == AF_INET &&
           other.port() == asked.port();
  });
}

Result<Listeners> open_listeners(const Binds& binds, const Listeners& existing) {
  Listeners opened;
  for (const auto& listener : existing) {
    if (listener->origin == Listener::Origin::kSystemd) opened.push_back(listener);
  }
  if (!opened.empty()) return opened;

  Listeners reusable = existing;
  Listeners fresh;
  for (const Address& asked : binds.addresses) {
    const auto same = std::find_if(reusable.begin(), reusable.end(), [&](const auto& listener) {
      return listener->asked == asked && !has_lost_its_file(*listener);
    });
    if (same != reusable.end()) {
      warn_of_other_family(**same, binds);
      const std::shared_ptr<Listener> first = *same;
      std::erase_if(reusable, [&](const auto& listener) {
        if (!share_an_address(*listener, *first)) return false;
        opened.push_back(listener);
        return true;
      });
      continue;
    }
    const bool is_own = is_taken(asked, existing) || is_taken(asked, opened);
    Result<Listeners> listeners =
        fail(asked.text() + ": the server itself has opened this descriptor");
    if (!is_own) listeners = open_or_adopt(asked, binds);
    if (!listeners) {
      for (const auto& undone : fresh) unlink_path(*undone);
      return tl::unexpected(explained(listeners.error(), asked, binds, existing));
    }
    for (const auto& listener : *listeners) {
      fresh.push_back(listener);
      opened.push_back(listener);
    }
  }
  // Only now: a failure must leave everything as it was.
  for (const auto& listener : opened) {
    if (listener->is_ours()) refresh(*listener, binds);
  }
  return opened;
}

Result<void> require_free(const Binds& binds, const Listeners& existing) {
  for (const Address& asked : binds.addresses) {
    const bool is_ours = std::any_of(existing.begin(), existing.end(), [&](const auto& listener) {
      return listener->origin == Listener::Origin::kSystemd || listener->asked == asked;
    });
    if (is_ours || asked.kind() == Address::Kind::kInherited) continue;
    auto fd = adopt(::socket(asked.family(), SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    if (!fd) return tl::unexpected(fd.error());
    // The kernel gives each port 0 a different port; and a bound socket that never listens leaves
    // no trace.
    auto free = asked.is_unix() ? require_unserved(fd->get(), asked)
                                : bind_inet(fd->get(), asked, asked, binds);
    if (!free && (asked.is_unix() || free.error().code == std::errc::address_in_use)) {
      return tl::unexpected(explained(free.error(), asked, binds, existing));
    }
  }
  return {};
}

void read_name(Listener& listener) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  ::getsockname(listener.fd.get(), reinterpret_cast<sockaddr*>(&storage), &size);
  listener.address = Address::from_sockaddr(storage, size);
  if (!listener.address.is_unix()) return;
  const auto place = HeldFolder::of(listener.address.path());
  const auto status = place ? place->look() : tl::unexpected(place.error());
  // Since the bind, another server's file may have taken its place.
  if (!status || !S_ISSOCK(status->st_mode)) return;
  listener.device = status->st_dev;
  listener.inode = status->st_ino;
}

void refuse_new_connections(Listener& listener) {
  listener.is_retired = true;
  if (listener.address.is_unix() || !listener.is_ours()) return;
  constexpr std::uint32_t kFlagsOffset = 13;  // in the TCP header, where the filter's data begins
  constexpr std::uint32_t kSyn = 0x02;
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsOffset),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  // Without the filter, a stop may reset the last few connections: that is no reason not to stop.
  ::setsockopt(listener.fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

Result<void> revive(Listener& listener, const Binds& binds) {
  if (!listener.is_ours()) return {};
  listener.is_retired = true;
  const bool has_no_socket = !listener.fd;  // it was one of several of its address
  if (has_no_socket || (has_file(listener) && !is_in_place(listener))) {
    auto another = has_no_socket
                       ? open_one(listener.asked, listener.address, binds, Company::kJoins)
                       : open_one(listener.asked, listener.asked, binds, Company::kNone);
    if (!another) return tl::unexpected(another.error());
    listener = std::move(**another);
    return {};
  }
  refresh(listener, binds);
  return {};
}

std::vector<Address> addresses_of(const Listeners& listeners) {
  std::vector<Address> addresses;
  for (const auto& listener : listeners) {
    const bool is_in =
        std::find(addresses.begin(), addresses.end(), listener->address) != addresses.end();
    if (!is_in) addresses.push_back(listener->address);
  }
  return addresses;
}

bool share_an_address(const Listener& one, const Listener& other) {
  return one.asked == other.asked && one.address == other.address;
}

bool has_file(const Listener& listener) {
  const std::string& path = listener.address.path();
  return listener.is_ours() && !path.empty() && !path.starts_with('@');
}

void unlink_path(const Listener& listener) {
  if (!has_file(listener)) return;
  const auto place = HeldFolder::of(listener.address.path());
  if (place && place->has(listener.device, listener.inode)) static_cast<void>(place->remove());
}

Result<void> give_file(const Listener& listener, uid_t user, gid_t group) {
  const std::string& path = listener.address.path();
  // Through a descriptor: otherwise another file could take the path between the check and the
  // change.
  const auto fd = adopt(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC), "open", path);
  if (!fd) return tl::unexpected(fd.error());
  struct stat status {};
  if (::fstat(fd->get(), &status) < 0) return fail_errno("stat", path);
  if (!S_ISSOCK(status.st_mode) || status.st_nlink != 1 || !is_file_of(status, listener)) {
    return fail("chown: " + path + " is another file by now");
  }
  if (::fchownat(fd->get(), "", user, group, AT_EMPTY_PATH) < 0) return fail_errno("chown", path);
  return {};
}

}  // namespace alicorn
