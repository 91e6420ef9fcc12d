#include "jose/key_ring.hpp"

namespace jwt_auth {

void KeyRing::add(Key key) {
  for (const Key& other : keys_) {
    if (key.kid().empty() || key.kid() != other.kid()) continue;
    throw SettingsError(key.name() + " has the same kid \"" + key.kid() + "\" as " + other.name() +
                        "; each key needs its own kid, and none needs to be listed twice");
  }
  keys_.push_back(std::move(key));
}

}  // namespace jwt_auth
