// TestHost: the functions of the host table. Part of alicorn/testing.hpp; the test's process.
#pragma once

#include "alicorn/testing/host.hpp"

namespace alicorn {
inline namespace app_v1 {

/// Null: not the TestHost's table, or no longer its table.
inline TestHost* TestHost::of(const alicorn_host* host, const char* name) {
  if (instance_ == nullptr) return nullptr;
  if (host == instance_->table()) return instance_;
  const Lock lock(instance_->mutex_);
  instance_->stray_mistakes_.push_back(std::string(name) + ": NULL or another table for the host");
  return nullptr;
}

inline TestHost::Call* TestHost::find(alicorn_token token) {
  const auto found = calls_.find(token);
  return found == calls_.end() ? nullptr : found->second.get();
}

/// The thread rule: compares the pointer before following it.
template <class Function>
std::int32_t TestHost::in_callback(const alicorn_request* request, const char* name,
                                   Function&& function) {
  if (instance_ == nullptr) return ALICORN_ERROR_THREAD;
  const Lock lock(instance_->mutex_);
  if (current_ == nullptr || request == nullptr || request != &current_->memory->view) {
    instance_->stray_mistakes_.push_back(
        std::string(name) + ": outside a callback with this request, or with a copy of it");
    return ALICORN_ERROR_THREAD;
  }
  return function(*current_);
}

inline void TestHost::fill_table() {
  alicorn_host& host = table_.host;
  host.struct_size = sizeof(host);
  host.abi_major = ALICORN_ABI_MAJOR;
  host.abi_minor = ALICORN_ABI_MINOR;
  host.log_level = options_.log_level;
  host.server_version = {"test", 4};

  host.respond = [](alicorn_request* request, std::int32_t status, const alicorn_field* headers,
                    std::uint32_t count, const alicorn_buffer* body) {
    bool taken = false;
    const auto result = in_callback(request, "respond", [&](Call& call) {
      taken = true;
      return call.respond(status, headers, count, body);
    });
    if (!taken && body != nullptr) detail::test_release(*body);
    return result;
  };
  host.send_file = [](alicorn_request* request, std::int32_t status, const alicorn_field* headers,
                      std::uint32_t count, std::int32_t fd, std::int64_t offset,
                      std::int64_t length) {
    const auto result = in_callback(request, "send_file", [&](Call& call) {
      return call.send_file(status, headers, count, fd, offset, length);
    });
    ::close(fd);
    return result;
  };
  host.begin = [](alicorn_request* request, std::int32_t status, const alicorn_field* headers,
                  std::uint32_t count, std::int64_t content_length) {
    return in_callback(request, "begin", [&](Call& call) {
      return call.begin("begin", status, headers, count, content_length);
    });
  };
  host.write = [](alicorn_request* request, const alicorn_buffer* buffers, std::uint32_t count) {
    bool taken = false;
    const auto result = in_callback(request, "write", [&](Call& call) {
      taken = true;
      return call.write(buffers, count);
    });
    for (std::uint32_t i = 0; !taken && buffers != nullptr && i < count; ++i) {
      detail::test_release(buffers[i]);
    }
    return result;
  };
  host.end = [](alicorn_request* request, const alicorn_field* trailers, std::uint32_t count) {
    return in_callback(request, "end", [&](Call& call) { return call.end(trailers, count); });
  };
  host.interim = [](alicorn_request* request, std::int32_t status, const alicorn_field* headers,
                    std::uint32_t count) {
    return in_callback(request, "interim",
                       [&](Call& call) { return call.interim(status, headers, count); });
  };
  fill_request_calls();
  fill_any_thread_calls();
  if (options_.host_minor == 0) {
    host.abi_minor = 0;
    host.struct_size = offsetof(alicorn_host, set_reason);
    host.set_reason = nullptr;
  }
}

inline void TestHost::fill_request_calls() {
  alicorn_host& host = table_.host;
  host.body_next = [](alicorn_request* request, alicorn_string* piece) {
    if (piece != nullptr) *piece = {"", 0};
    return in_callback(request, "body_next", [&](Call& call) { return call.body_next(piece); });
  };
  host.defer = [](alicorn_request* request, alicorn_event_function on_event, void* context) {
    return in_callback(request, "defer", [&](Call& call) { return call.defer(on_event, context); });
  };
  host.extend_deadline = [](alicorn_request* request, std::uint32_t milliseconds) {
    return in_callback(request, "extend_deadline", [&](Call& call) -> std::int32_t {
      const bool is_over = call.cancelled == ALICORN_CANCEL_DEADLINE;
      if (call.is_finished || is_over) return ALICORN_ERROR_GONE;
      call.memory->view.deadline_us = detail::monotonic_us() + milliseconds * 1000ULL;
      return call.is_gone() ? ALICORN_ERROR_GONE : ALICORN_OK;
    });
  };
  host.after_response = [](alicorn_request* request, void (*function)(void*), void* context) {
    return in_callback(request, "after_response", [&](Call& call) -> std::int32_t {
      if (call.is_finished) return ALICORN_ERROR_GONE;
      if (function == nullptr)
        return call.mistake(ALICORN_ERROR_INVALID, "after_response: no function");
      call.after.push_back({function, context});
      return ALICORN_OK;
    });
  };
  host.set_reason = [](alicorn_request* request, alicorn_string reason) {
    return in_callback(request, "set_reason", [&](Call& call) { return call.set_reason(reason); });
  };
  host.annotate = [](alicorn_request* request, alicorn_string name, alicorn_string value) {
    return in_callback(request, "annotate", [&](Call& call) { return call.annotate(name, value); });
  };
}

inline void TestHost::fill_any_thread_calls() {
  alicorn_host& host = table_.host;
  host.complete = [](const alicorn_host* table, alicorn_token token, std::int32_t status,
                     const alicorn_field* headers, std::uint32_t count,
                     const alicorn_buffer* body) -> std::int32_t {
    TestHost* self = of(table, "complete");
    if (self != nullptr) return self->complete(token, status, headers, count, body);
    if (body != nullptr) detail::test_release(*body);
    return ALICORN_ERROR_INVALID;
  };
  host.resume = [](const alicorn_host* table, alicorn_token token, alicorn_resume_function function,
                   void* context) -> std::int32_t {
    TestHost* self = of(table, "resume");
    return self == nullptr ? ALICORN_ERROR_INVALID : self->resume(token, function, context);
  };
  host.cancelled = [](const alicorn_host* table, alicorn_token token) -> std::int32_t {
    TestHost* self = of(table, "cancelled");
    if (self == nullptr) return ALICORN_ERROR_INVALID;
    const Lock lock(self->mutex_);
    const Call* call = self->find(token);
    return call == nullptr || call->is_finished ? ALICORN_ERROR_GONE : call->cancelled;
  };
  host.log = [](const alicorn_host* table, alicorn_token token, std::int32_t level,
                alicorn_string message, const alicorn_field* fields, std::uint32_t count) {
    if (TestHost* self = of(table, "log")) self->log(token, level, message, fields, count);
  };
  host.config_get = [](const alicorn_host* table, alicorn_string key,
                       alicorn_string* value) -> std::int32_t {
    const TestHost* self = of(table, "config_get");
    if (self == nullptr || value == nullptr) return ALICORN_ERROR_INVALID;
    *value = {"", 0};
    const std::string wanted = detail::text_or_nothing(key);
    for (const auto& [name, text] : self->options_.config) {
      if (wanted != name) continue;
      *value = detail::test_string(text);
      return ALICORN_OK;
    }
    return ALICORN_ERROR_NOT_FOUND;
  };
  host.config_at = [](const alicorn_host* table, std::uint32_t index, alicorn_string* key,
                      alicorn_string* value) -> std::int32_t {
    const TestHost* self = of(table, "config_at");
    if (self == nullptr || key == nullptr || value == nullptr) return ALICORN_ERROR_INVALID;
    *key = *value = {"", 0};
    const auto& entries = self->options_.config;
    if (index >= entries.size()) return ALICORN_ERROR_NOT_FOUND;
    *key = detail::test_string(entries[index].name);
    *value = detail::test_string(entries[index].value);
    return ALICORN_OK;
  };
  host.request_recycle = [](const alicorn_host* table, alicorn_string) -> std::int32_t {
    TestHost* self = of(table, "request_recycle");
    if (self == nullptr) return ALICORN_ERROR_INVALID;
    const Lock lock(self->mutex_);
    self->recycle_requested_ = true;
    return ALICORN_OK;
  };
}

inline void TestHost::log(alicorn_token token, std::int32_t level, alicorn_string message,
                          const alicorn_field* fields, std::uint32_t count) {
  const Lock lock(mutex_);
  if (level < ALICORN_LOG_DEBUG) level = ALICORN_LOG_DEBUG;
  if (level > ALICORN_LOG_ERROR) level = ALICORN_LOG_ERROR;
  if (level < options_.log_level) return;
  TestLogLine line{level, detail::text_or_nothing(message), {}, find(token) != nullptr};
  for (std::uint32_t i = 0; fields != nullptr && i < count; ++i) {
    line.fields.push_back(
        {detail::text_or_nothing(fields[i].name), detail::text_or_nothing(fields[i].value)});
  }
  log_lines_.push_back(std::move(line));
}

inline std::int32_t TestHost::complete(alicorn_token token, std::int32_t status,
                                       const alicorn_field* headers, std::uint32_t count,
                                       const alicorn_buffer* body) {
  const Lock lock(mutex_);
  Call* call = find(token);
  std::int32_t refused = ALICORN_OK;
  if (call == nullptr || call->is_finished) {
    refused = ALICORN_ERROR_GONE;
  } else if (!call->is_deferred) {
    refused = call->mistake(ALICORN_ERROR_STATE, "complete: the request is not deferred");
  }
  if (refused != ALICORN_OK) {
    if (body != nullptr) detail::test_release(*body);
    return refused;
  }
  const std::int32_t result = call->respond(status, headers, count, body);
  if (result != ALICORN_OK && call->stage != Call::Stage::kWhole)
    call->stage = Call::Stage::kFailed;
  call->is_finished = true;
  if (!call->in_callback) clean_up(*call);
  changed_.notify_all();
  return result;
}

inline std::int32_t TestHost::resume(alicorn_token token, alicorn_resume_function function,
                                     void* context) {
  const Lock lock(mutex_);
  Call* call = find(token);
  if (call == nullptr || call->is_finished) return ALICORN_ERROR_GONE;
  if (!call->is_deferred)
    return call->mistake(ALICORN_ERROR_STATE, "resume: the request is not deferred");
  if (function == nullptr) return call->mistake(ALICORN_ERROR_INVALID, "resume: no function");
  call->resumes.push_back({function, context});
  changed_.notify_all();
  return ALICORN_OK;
}

inline bool TestHost::recycle_requested() const {
  const Lock lock(mutex_);
  return recycle_requested_;
}

inline std::vector<TestLogLine> TestHost::log_lines() const {
  const Lock lock(mutex_);
  return log_lines_;
}

inline std::vector<std::string> TestHost::stray_mistakes() const {
  const Lock lock(mutex_);
  return stray_mistakes_;
}

}  // namespace app_v1
}  // namespace alicorn
