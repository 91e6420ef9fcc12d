#include "jose/key_ring.hpp"

namespace jwt_auth {

void KeyRing::add(Key key) {
  for (const Key& other : keys_) {
    if (key.kid().empty() || key.kid() != other.kid()) continue;
    throw SettingsError(key.name() + " has the kid \"" + key.kid() + "\" of " + other.name() +
                        "; each key needs its own, and none needs to be there twice");
  }
  keys_.push_back(std::move(key));
}

}  // namespace jwt_auth
