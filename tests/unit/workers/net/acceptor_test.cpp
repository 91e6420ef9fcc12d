#include "workers/net/acceptor.hpp"

#include <gtest/gtest.h>

#include <errno.h>

namespace alicorn {
namespace {

TEST(AcceptFailures, OfOneClientDoNotConcernTheNext) {
  // See accept(2), "Error handling"; and errors caused by a firewall or by a client that
  // disconnects.
  for (const int error : {ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
                          EOPNOTSUPP, ENETUNREACH, ECONNABORTED, EPERM, ETIMEDOUT, EINTR}) {
    EXPECT_EQ(classify_accept_failure(error), AcceptFailure::kThisClient) << error;
  }
}

TEST(AcceptFailures, ForLackOfResourcesWouldHitTheNextClientToo) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    EXPECT_EQ(classify_accept_failure(error), AcceptFailure::kNoResource) << error;
  }
  // The descriptor no longer listens: a loop of retries would never end.
  for (const int error : {EBADF, EINVAL, ENOTSOCK}) {
    EXPECT_EQ(classify_accept_failure(error), AcceptFailure::kNoResource) << error;
  }
  EXPECT_EQ(classify_accept_failure(EAGAIN), AcceptFailure::kNobody);
}

}  // namespace
}  // namespace alicorn
