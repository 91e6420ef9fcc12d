// Entry points for lambdas, as ALICORN_APP and ALICORN_CPP_APP make them, but any number of them in
// one program. Tests.
#pragma once

#include "alicorn/app.hpp"
#include "alicorn/testing.hpp"

namespace alicorn::test {

/// For a function of alicorn_request*.
template <std::uint32_t flags = 0, std::int32_t run_model = ALICORN_RUN_POOL, class Handler>
TestHost::Entry entry_of(Handler) {
  return [](const alicorn_host*) -> const alicorn_app* {
    static const alicorn_app app = [] {
      alicorn_app table{};
      table.struct_size = sizeof(table);
      table.abi_major = ALICORN_ABI_MAJOR;
      table.flags = flags;
      table.run_model = run_model;
      table.on_request = [](alicorn_request* request) -> std::int32_t {
        return Handler{}(request);
      };
      return table;
    }();
    return &app;
  };
}

/// For a function of alicorn::Request&.
template <std::uint32_t flags = 0, class Handler>
TestHost::Entry cpp_entry_of(Handler) {
  return entry_of<flags>(
      [](alicorn_request* request) { return detail::guarded(request, "on_request", Handler{}); });
}

}  // namespace alicorn::test
