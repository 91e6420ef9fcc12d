// The keys of a TokenService; for its own files alone.
#pragma once

#include "jose/key_ring.hpp"
#include "tokens/token.hpp"

namespace jwt_auth {

struct TokenService::Keys {
  KeyRing signatures;   ///< the first one signs
  KeyRing encryptions;  ///< the first one encrypts; empty unless the settings say encrypt
};

}  // namespace jwt_auth
