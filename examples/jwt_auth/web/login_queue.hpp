// The logins that wait for a place, in one line for each network. Places go round the lines. When
// the queue is full, a newcomer displaces the last login of the longest line: one address, however
// often it asks, keeps nobody else out. Pure; the caller holds a lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace jwt_auth {

template <class Login>
class LoginQueue {
 public:
  explicit LoginQueue(std::size_t places) : places_(places) {}

  struct Joined {
    bool has_place = false;
    std::optional<Login> displaced;  ///< must be refused now
  };
  /// `make`: what the login waits as; called only if it has a place. An empty network is that of
  /// all clients whose address nobody knows.
  template <class Make>
  Joined join(std::string_view network, Make make) {
    Joined joined;
    if (size_ == places_) {
      const auto longest = std::max_element(
          lines_.begin(), lines_.end(),
          [](const Line& a, const Line& b) { return a.logins.size() < b.logins.size(); });
      const auto own = find(network);
      const std::size_t own_size = own == lines_.end() ? 0 : own->logins.size();
      if (longest == lines_.end() || longest->logins.size() <= own_size + 1) return joined;
      joined.displaced = std::move(longest->logins.back());
      longest->logins.pop_back();
      --size_;
    }
    auto line = find(network);
    if (line == lines_.end()) {
      line = lines_.insert(lines_.end(), Line{std::string(network), {}});
    }
    line->logins.push_back(make());
    ++size_;
    joined.has_place = true;
    return joined;
  }
  /// The next one; nullopt: nobody waits.
  std::optional<Login> take() {
    if (lines_.empty()) return std::nullopt;
    Login login = std::move(lines_.front().logins.front());
    lines_.front().logins.pop_front();
    --size_;
    if (lines_.front().logins.empty()) {
      lines_.pop_front();
    } else {
      lines_.splice(lines_.end(), lines_, lines_.begin());
    }
    return login;
  }
  bool empty() const { return lines_.empty(); }

 private:
  struct Line {
    std::string network;
    std::deque<Login> logins;  ///< never empty
  };
  typename std::list<Line>::iterator find(std::string_view network) {
    return std::find_if(lines_.begin(), lines_.end(),
                        [network](const Line& line) { return line.network == network; });
  }

  const std::size_t places_;
  std::size_t size_ = 0;
  std::list<Line> lines_;  ///< the next one's first
};

}  // namespace jwt_auth
