// An in-process host with which an author tests an app without a server, in any test framework.
// Header-only, C++20; runs in the test's own process.
//
//   #include <alicorn/testing.hpp>                     // the app's sources are linked into the
//   test alicorn::TestHost host(alicorn_app_entry, {.config = {{"greeting", "Hi"}}});
//   alicorn::TestAnswer answer = host.run({.method = "POST", .target = "/echo", .body = "x"});
//   EXPECT_EQ(answer.status, 200);
//   EXPECT_TRUE(answer.ok()) << answer.mistakes_text();
//
// It supplies the whole host table and is stricter than the server: what the server would log
// against the app is a sentence in answer.mistakes; pieces of the body and the request itself are
// freed at the first moment the ABI allows, and data with a release is read at the last, so that a
// sanitizer sees whoever relies on more. Callbacks run on the thread that calls run() or wait();
// the app's own threads may complete and resume as ever.
#pragma once

#include "alicorn/testing/host.hpp"
#include "alicorn/testing/host_callbacks.hpp"
#include "alicorn/testing/host_table.hpp"
