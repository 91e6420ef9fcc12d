// Listening sockets: bound once, shared by generations, closed without losing what waits in their
// queues. Master.
#pragma once

#include "base/address.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <memory>
#include <vector>

#include <sys/types.h>

namespace alicorn {

struct Listener {
  enum class Origin {
    kBound,    ///< here, or by the previous master of a binary upgrade
    kSystemd,  ///< socket activation
    kGiven,    ///< fd://N
  };

  UniqueFd fd;
  Address asked;    ///< as configured: what a reload and an upgrade know it by
  Address address;  ///< what it is bound to: another port, if 0 was asked for
  Origin origin = Origin::kBound;
  dev_t device =
      0;  ///< with `inode`: the unix socket's file, to know it from one that took its path
  ino_t inode = 0;
  bool is_retired = false;  ///< see refuse_new_connections()

  /// The others belong to somebody who goes on listening when we stop.
  bool is_ours() const { return origin == Origin::kBound; }
};

/// Generations share what both listen on; the last one to go closes it, or a stop.
using Listeners = std::vector<std::shared_ptr<Listener>>;

/// What is to be listened to.
struct Binds {
  enum class Any6 { kTakesIpv4, kIpv6Only };

  std::vector<Address> addresses;
  std::uint32_t backlog = 0;
  Any6 any6 = Any6::kTakesIpv4;  ///< what [::] means

  /// Does a socket for it take IPv4 clients beside its own? Not where IPv4 has an address of its
  /// own at that port: both could not be bound.
  bool takes_ipv4(const Address& asked) const;
};

/// One listener per address, those of `existing` used again. Sockets from systemd stand in for all
/// addresses. On an error nothing new is left bound.
Result<Listeners> open_listeners(const Binds& binds, const Listeners& existing);

/// Fails if another server has one of these addresses, as far as can be told without taking them.
/// Whatever else is wrong is for open_listeners() to find. `existing` are ours.
Result<void> require_free(const Binds& binds, const Listeners& existing);

/// An IPv6 socket for all addresses that takes IPv4 clients, too, whoever has made it.
bool takes_both_families(const Listener& listener);

/// Fills in what the socket and its file are called.
void read_name(Listener& listener);

/// Drops new SYNs and lets handshakes under way finish, so that the queue can be emptied and closed
/// without a reset. For a TCP listener that nobody else goes on using: the filter belongs to the
/// socket, not to this process.
void refuse_new_connections(Listener& listener);

/// It takes connections again, whichever process has retired it; where its file has gone, on
/// another socket. On an error it stays retired.
Result<void> revive(Listener& listener, std::uint32_t backlog);

/// Of a unix socket that is ours and no abstract name.
bool has_file(const Listener& listener);
/// Removes the file of a unix socket that is ours and still there.
void unlink_path(const Listener& listener);
/// Makes another user the owner of that file.
Result<void> give_file(const Listener& listener, uid_t user, gid_t group);

}  // namespace alicorn
