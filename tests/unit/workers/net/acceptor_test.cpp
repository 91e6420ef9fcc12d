#include "workers/net/acceptor.hpp"

#include <gtest/gtest.h>

#include <errno.h>

namespace alicorn {
namespace {

TEST(AcceptFailures, ThoseOfOneClientDoNotConcernTheNext) {
  // accept(2), "Error handling", and those that a firewall or a client that gives up cause.
  for (const int error : {ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
                          EOPNOTSUPP, ENETUNREACH, ECONNABORTED, EPERM, ETIMEDOUT, EINTR}) {
    EXPECT_EQ(classify_accept_failure(error), AcceptFailure::kThisClient) << error;
  }
}

TEST(AcceptFailures, WithoutResourcesTheNextWouldFailAlike) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    EXPECT_EQ(classify_accept_failure(error), AcceptFailure::kNoResource) << error;
  }
  // No listener any more: a loop over it would never end.
  for (const int error : {EBADF, EINVAL, ENOTSOCK}) {
    EXPECT_EQ(classify_accept_failure(error), AcceptFailure::kNoResource) << error;
  }
  EXPECT_EQ(classify_accept_failure(EAGAIN), AcceptFailure::kNobody);
}

}  // namespace
}  // namespace alicorn
