// The logins that wait for a place. Each network has a line, and networks are grouped by the wider
// networks that they are part of. Places go round the widest networks, and in each of them round
// its parts. When the queue is full, a newcomer displaces the last login of the most crowded
// network, the widest first: a subscriber with any number of addresses keeps nobody else out. Pure;
// the caller holds a lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace jwt_auth {

template <class Login>
class LoginQueue {
  static_assert(std::is_nothrow_move_assignable_v<Login>);

 public:
  explicit LoginQueue(std::size_t places) : places_(places) {}

  struct Joined {
    bool has_place = false;
    std::optional<Login> displaced;  ///< must be refused now
  };
  /// `networks`: the client's, the narrowest first; empty: all clients with unknown addresses form
  /// one network. `make`: makes the waiting login; called only if it has a place. It is the last
  /// call that may throw: then nothing has changed.
  template <class Make>
  Joined join(const std::vector<std::string>& networks, Make make) {
    const std::vector<std::string>& way = networks.empty() ? kUnknown : networks;
    Joined joined;
    std::vector<Crowd*> giving_way;
    if (root_.size == places_) {
      giving_way = most_crowded(way);
      if (giving_way.empty()) return joined;
    }
    std::vector<Crowd*> known{&root_};  // on the client's path, from the widest on
    while (known.size() <= way.size()) {
      Crowd* next = part_of(*known.back(), way[way.size() - known.size()]);
      if (next == nullptr) break;
      known.push_back(next);
    }
    std::list<Login> line(1);
    Login& login = line.front();
    std::list<Crowd> missing;
    for (std::size_t i = 0; i < way.size() + 1 - known.size(); ++i) {
      std::list<Crowd> wider(1);
      wider.front().network = way[i];
      wider.front().size = 1;
      wider.front().line.swap(line);
      wider.front().parts.swap(missing);
      missing.swap(wider);
    }
    login = make();
    for (Crowd* crowd : known) ++crowd->size;
    known.back()->line.splice(known.back()->line.end(), line);
    known.back()->parts.splice(known.back()->parts.end(), missing);
    if (!giving_way.empty()) joined.displaced = take_last(giving_way);
    joined.has_place = true;
    return joined;
  }
  /// The next login; nullopt: nobody waits.
  std::optional<Login> take() {
    if (empty()) return std::nullopt;
    Crowd* crowd = &root_;
    for (; !crowd->parts.empty(); crowd = &crowd->parts.back()) {
      --crowd->size;
      crowd->parts.splice(crowd->parts.end(), crowd->parts, crowd->parts.begin());
    }
    --crowd->size;
    Login login = std::move(crowd->line.front());
    crowd->line.pop_front();
    for (crowd = &root_; !crowd->parts.empty(); crowd = &crowd->parts.back()) {
      if (crowd->parts.back().size == 0) {
        crowd->parts.pop_back();
        break;
      }
    }
    return login;
  }
  bool empty() const { return root_.size == 0; }

 private:
  /// A network, which has either parts or a line; only the root may be empty.
  struct Crowd {
    std::string network;
    std::size_t size = 0;    ///< number of logins
    std::list<Crowd> parts;  ///< in the order of their turns
    std::list<Login> line;
  };

  static Crowd* part_of(Crowd& crowd, const std::string& network) {
    const auto found =
        std::find_if(crowd.parts.begin(), crowd.parts.end(),
                     [&network](const Crowd& part) { return part.network == network; });
    return found == crowd.parts.end() ? nullptr : &*found;
  }
  /// The path from the root to the line whose last login must give way to a newcomer; empty: nobody
  /// has more logins than the newcomer.
  std::vector<Crowd*> most_crowded(const std::vector<std::string>& way) {
    std::vector<Crowd*> path{&root_};
    bool is_his = true;
    while (!path.back()->parts.empty()) {
      Crowd& crowd = *path.back();
      // The later its turn, the later it came.
      Crowd* next =
          &*std::max_element(crowd.parts.rbegin(), crowd.parts.rend(),
                             [](const Crowd& a, const Crowd& b) { return a.size < b.size; });
      if (is_his) {
        Crowd* his = part_of(crowd, way[way.size() - path.size()]);
        is_his = next->size <= (his == nullptr ? 0 : his->size) + 1;
        if (is_his && his == nullptr) return {};
        if (is_his) next = his;
      }
      path.push_back(next);
    }
    return is_his ? std::vector<Crowd*>() : path;
  }
  static Login take_last(const std::vector<Crowd*>& path) {
    Login login = std::move(path.back()->line.back());
    path.back()->line.pop_back();
    for (std::size_t i = path.size(); i-- > 0;) {
      --path[i]->size;
      path[i]->parts.remove_if([](const Crowd& part) { return part.size == 0; });
    }
    return login;
  }

  inline static const std::vector<std::string> kUnknown{""};

  const std::size_t places_;
  Crowd root_;
};

}  // namespace jwt_auth
