#include "server/host/own_threads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include <pthread.h>

namespace alicorn {
namespace {

TEST(OwnThreads, AreListedByName) {
  const auto count = [] {
    const auto threads = other_threads();
    return std::count_if(threads.begin(), threads.end(),
                         [](const OwnThread& thread) { return thread.name == "named-thread"; });
  };
  std::atomic<bool> is_named{false}, is_over{false};
  std::thread thread([&] {
    ::pthread_setname_np(::pthread_self(), "named-thread");
    is_named = true;
    is_named.notify_one();
    is_over.wait(false);
  });
  is_named.wait(false);
  EXPECT_EQ(count(), 1);
  is_over = true;
  is_over.notify_one();
  thread.join();
}

}  // namespace
}  // namespace alicorn
