// Which of several keys may judge a token: the rule that makes key rotation possible. Any thread.
#pragma once

#include "jose/key.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// What a token's header says about its key.
struct KeyHint {
  std::string_view algorithm;
  std::optional<std::string_view> kid;
};

/// All keys for one purpose, each with its own pinned algorithm; the first is the current one.
class KeyRing {
 public:
  /// Throws SettingsError if the ring already has a key with this kid.
  void add(Key key);
  const std::vector<Key>& keys() const { return keys_; }

  /// Tries each key that the token may mean, until `accepts(key)`. A key is tried only for its own
  /// algorithm. Which keys are tried depends on the token's kid:
  /// - a kid that is configured: only that key;
  /// - another kid: the keys without a configured kid. The issuer may name its keys in its own way,
  /// as
  ///   simplejwt's peers do; simplejwt ignores the kid, too. If all keys have a kid, the token's
  /// key
  ///   was removed, and no key is tried;
  /// - no kid: every key. simplejwt writes no kid, nor did this service before the key had one. All
  ///   keys are trusted alike: a kid saves work and grants nothing.
  template <class Accepts>
  bool any(const KeyHint& hint, Accepts accepts) const {
    const bool is_known = hint.kid && knows(*hint.kid);
    return std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) {
      if (key.algorithm().name != hint.algorithm) return false;
      if (is_known && !(key.has_own_kid() && key.kid() == *hint.kid)) return false;
      if (hint.kid && !is_known && key.has_own_kid()) return false;
      return accepts(key);
    });
  }

 private:
  bool knows(std::string_view kid) const {
    return std::any_of(keys_.begin(), keys_.end(),
                       [&](const Key& key) { return key.has_own_kid() && key.kid() == kid; });
  }

  std::vector<Key> keys_;
};

}  // namespace jwt_auth
