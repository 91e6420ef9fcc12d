// The calls that need no callback, only a token: what the host table's functions do on any thread,
// under the call's mutex.
#include "workers/app/app_call.hpp"
#include "workers/app/app_host.hpp"
#include "workers/app/try_allocating.hpp"

namespace alicorn {

std::int32_t AppCall::complete(std::uint64_t generation, std::int32_t status,
                               const alicorn_field* headers, std::uint32_t count,
                               const alicorn_buffer* body) {
  DroppedBuffers dropped;
  const Lock lock(mutex_);
  if (generation != generation_ || !open_ || finished_) {
    dropped.add_all(body, 1);
    return ALICORN_ERROR_GONE;
  }
  if (!deferred_) {
    dropped.add_all(body, 1);
    return ALICORN_ERROR_STATE;
  }
  const std::int32_t result = take_response(status, headers, count, body, dropped);
  if (result != ALICORN_OK && stage_ != Stage::kComplete) stage_ = Stage::kFailed;
  finished_ = true;
  tell_io();
  return result;
}

std::int32_t AppCall::resume(std::uint64_t generation, alicorn_resume_function function,
                             void* context) {
  const Lock lock(mutex_);
  if (generation != generation_ || !open_ || finished_) return ALICORN_ERROR_GONE;
  if (!deferred_) return ALICORN_ERROR_STATE;
  if (function == nullptr) return ALICORN_ERROR_INVALID;
  const Job job{.kind = JobKind::kResume, .function = function, .context = context};
  if (!try_allocating([&] { resumes_.push(job); })) return ALICORN_ERROR_MEMORY;
  tell_io();
  return ALICORN_OK;
}

std::int32_t AppCall::cancelled(std::uint64_t generation) {
  const Lock lock(mutex_);
  if (generation != generation_ || !open_ || finished_) return ALICORN_ERROR_GONE;
  return cancel_.load(std::memory_order_relaxed);
}

bool AppCall::request_id(std::uint64_t generation, std::string& id) {
  const Lock lock(mutex_);
  if (generation != generation_ || !open_) return false;
  id = id_storage_;
  return true;
}

}  // namespace alicorn
