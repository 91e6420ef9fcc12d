// An in-process host for testing an app without a server, in any test framework. Header-only,
// C++20; runs in the test's own process. The app's sources are linked into the test.
//
//   #include <alicorn/testing.hpp>
//   alicorn::TestHost host(alicorn_app_entry, {.config = {{"greeting", "Hi"}}});
//   alicorn::TestAnswer answer = host.run({.method = "POST", .target = "/echo", .body = "x"});
//   EXPECT_EQ(answer.status, 200);
//   EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
//
// It supplies the whole host table and is stricter than the server. A mistake that the server would
// log becomes a sentence in answer.mistakes. Pieces of the body and the request itself are freed at
// the first moment that the ABI allows, and data with a release is read at the last, so that a
// sanitizer catches an app that relies on more. Callbacks run on the thread that calls run() or
// wait(); the app's own threads may complete and resume as usual.
#pragma once

#include "alicorn/testing/host.hpp"
#include "alicorn/testing/host_callbacks.hpp"
#include "alicorn/testing/host_table.hpp"
