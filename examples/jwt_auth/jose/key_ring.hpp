// Which of several keys may judge a token: the rule that lets keys be rotated. Any thread.
#pragma once

#include "jose/key.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace jwt_auth {

/// What a token's header says of its key.
struct KeyHint {
  std::string_view algorithm;
  std::optional<std::string_view> kid;
};

/// All keys of one purpose, each with its own pinned algorithm; the first is the current one.
class KeyRing {
 public:
  /// Throws SettingsError where a kid is there already.
  void add(Key key);
  const std::vector<Key>& keys() const { return keys_; }

  /// Tries each key that may be meant, until `accepts(key)`. A key is tried only for its own
  /// algorithm, and
  /// - for a token with a kid that is configured: this key alone;
  /// - for a token with another kid: the keys without a configured one. The token's issuer may
  ///   have named them in its own way, as simplejwt's peers do; simplejwt ignores the name too.
  ///   Where all keys have theirs, the token is of a key that has been taken out: none;
  /// - for a token without a kid: every key. simplejwt writes none, nor did this service before the
  ///   key was given one. All keys are trusted alike: a kid saves work, it grants nothing.
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
