// What the functions of the host table do with a call: the app's side of it, under the call's
// mutex. Worker, app threads. app.h documents each function.
#pragma once

#include "alicorn/app.h"
#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "workers/app/app_call.hpp"

#include <cstdint>
#include <string>

namespace alicorn {

class AppSide {
 public:
  explicit AppSide(AppCall& call) : call_(call) {}

  // Only in a callback of the request.
  std::int32_t respond(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                       const alicorn_buffer* body);
  std::int32_t send_file(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                         UniqueFd fd, std::int64_t offset, std::int64_t length);
  std::int32_t begin(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                     std::int64_t length);
  std::int32_t write(const alicorn_buffer* buffers, std::uint32_t count);
  std::int32_t end(const alicorn_field* trailers, std::uint32_t count);
  std::int32_t interim(std::int32_t status, const alicorn_field* headers, std::uint32_t count);
  std::int32_t body_next(alicorn_string* piece);
  std::int32_t defer(alicorn_event_function on_event, void* context);
  std::int32_t extend_deadline(std::uint32_t milliseconds_from_now);
  std::int32_t after_response(void (*function)(void*), void* context);
  std::int32_t annotate(alicorn_string name, alicorn_string value);
  std::int32_t set_reason(alicorn_string reason);

  // On any thread, by token: the generation shows whether it is still the same request.
  std::int32_t complete(std::uint64_t generation, std::int32_t status, const alicorn_field* headers,
                        std::uint32_t count, const alicorn_buffer* body);
  std::int32_t resume(std::uint64_t generation, alicorn_resume_function function, void* context);
  std::int32_t cancelled(std::uint64_t generation);
  /// False: the call serves another request by now.
  bool request_id(std::uint64_t generation, std::string& id);

 private:
  /// Nobody waits for more of the answer.
  bool is_moot() const ALICORN_REQUIRES(call_.mutex_) {
    return call_.callbacks_.is_finished() || call_.callbacks_.is_gone();
  }
  bool is_of(std::uint64_t generation) const ALICORN_REQUIRES(call_.mutex_) {
    return generation == call_.generation_ && call_.callbacks_.is_open();
  }
  bool may_block() const ALICORN_REQUIRES(call_.mutex_) {
    return call_.environment_.may_block && !call_.callbacks_.is_deferred();
  }
  std::int32_t pass_on(Answer::Reply reply) ALICORN_REQUIRES(call_.mutex_);
  std::int32_t pass_on_last(Answer::Reply reply) ALICORN_REQUIRES(call_.mutex_);
  std::int32_t take_response(std::int32_t status, const alicorn_field* headers, std::uint32_t count,
                             const alicorn_buffer* body, DroppedBuffers& dropped)
      ALICORN_REQUIRES(call_.mutex_);
  bool lies_in_request_body(const alicorn_buffer& body) ALICORN_REQUIRES(call_.mutex_);
  [[gnu::noinline]] std::int32_t answer_with_request_body(std::int32_t status,
                                                          const alicorn_field* headers,
                                                          std::uint32_t count, alicorn_buffer body)
      ALICORN_REQUIRES(call_.mutex_);
  std::int32_t invalid(std::string_view why);
  template <class Condition>
  void wait_until(Lock& lock, Condition condition) ALICORN_REQUIRES(call_.mutex_);

  AppCall& call_;
};

}  // namespace alicorn
