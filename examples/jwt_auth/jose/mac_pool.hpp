// HMAC with one key, without the cost of a new context for each call. Any thread.
#pragma once

#include "jose/openssl.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace jwt_auth {

class MacPool {
 public:
  MacPool(std::string_view secret, const char* digest);

  struct Mac {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes;
    std::size_t size;
  };
  Mac compute(std::string_view input);

 private:
  OwnedMacContext take();
  void give_back(OwnedMacContext context);

  OwnedMacContext keyed_;  ///< never computes itself: the contexts in use are copies of it
  std::mutex mutex_;
  std::vector<OwnedMacContext> idle_;  ///< grows to the number of concurrent calls
};

}  // namespace jwt_auth
