// What a Key keeps to itself; for key.cpp and signature.cpp alone.
#pragma once

#include "jose/key.hpp"
#include "jose/key_material.hpp"
#include "jose/mac_pool.hpp"

#include <memory>

namespace jwt_auth {

struct Key::Parts {
  KeyMaterial material;
  OwnedDigest digest;            ///< fetched once; null for Ed25519 and dir
  std::unique_ptr<MacPool> mac;  ///< of an HMAC key alone
};

}  // namespace jwt_auth
