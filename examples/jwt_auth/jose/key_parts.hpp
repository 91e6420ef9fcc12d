// The private parts of a Key; only for key.cpp and signature.cpp.
#pragma once

#include "jose/key.hpp"
#include "jose/key_material.hpp"
#include "jose/mac_pool.hpp"

#include <memory>

namespace jwt_auth {

struct Key::Parts {
  KeyMaterial material;
  OwnedDigest digest;            ///< fetched once; null for Ed25519 and dir
  std::unique_ptr<MacPool> mac;  ///< only for an HMAC key
};

}  // namespace jwt_auth
