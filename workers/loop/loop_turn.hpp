// AppExecutor::Hooks::turn for a loop of Asio. Worker, and `alicorn replay`.
#pragma once

#include "workers/loop/executor.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>

namespace alicorn {

/// `io` must outlive the executor.
inline std::function<bool(AppExecutor::Wait)> loop_turn(boost::asio::io_context& io) {
  return [&io](AppExecutor::Wait wait) {
    return (wait == AppExecutor::Wait::kMay ? io.run_one() : io.poll_one()) != 0;
  };
}

}  // namespace alicorn
