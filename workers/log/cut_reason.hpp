// Why a client did not get all of its response. Worker.
#pragma once

#include <cstdint>
#include <string_view>

namespace alicorn {

enum class CutReason : std::uint8_t {
  kNone,
  kClient,          ///< the client is gone, or its connection broke
  kRequest,         ///< the rest of the request was invalid or late
  kWriteTimeout,    ///< the client took nothing for that long
  kWriteRate,       ///< the client took less than write_min_rate
  kFile,            ///< the file was cut short while it was sent, or could not be read
  kApp,             ///< the app failed after its answer had begun
  kRequestTimeout,  ///< the setting of that name; so is the next one
  kTimeout,
  kGracefulTimeout,  ///< the worker had to leave
};

/// The name used in both logs. Empty for a response that was not cut.
constexpr std::string_view name_of(CutReason reason) {
  switch (reason) {
    case CutReason::kNone:
      return {};
    case CutReason::kClient:
      return "client";
    case CutReason::kRequest:
      return "request";
    case CutReason::kWriteTimeout:
      return "write_timeout";
    case CutReason::kWriteRate:
      return "write_min_rate";
    case CutReason::kFile:
      return "file";
    case CutReason::kApp:
      return "app";
    case CutReason::kRequestTimeout:
      return "request_timeout";
    case CutReason::kTimeout:
      return "timeout";
    case CutReason::kGracefulTimeout:
      return "graceful_timeout";
  }
  return {};
}

}  // namespace alicorn
