// The keys of a TokenService; only for its own files.
#pragma once

#include "jose/key_ring.hpp"
#include "tokens/token.hpp"

namespace jwt_auth {

struct TokenService::Keys {
  KeyRing signatures;   ///< the first one signs
  KeyRing encryptions;  ///< the first one encrypts; empty unless `encrypt` is set
};

}  // namespace jwt_auth
