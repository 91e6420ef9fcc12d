// What AppExecutor::Hooks::turn is where the loop is Asio's. Worker, and its replay.
#pragma once

#include "workers/app_executor.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>

namespace alicorn {

/// `io` must outlive the executor.
inline std::function<void(AppExecutor::Wait)> loop_turn(boost::asio::io_context& io) {
  return [&io](AppExecutor::Wait wait) {
    if (wait == AppExecutor::Wait::kMay) {
      io.run_one();
    } else {
      io.poll_one();
    }
  };
}

}  // namespace alicorn
