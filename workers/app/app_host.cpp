#include "workers/app/app_host.hpp"

#include "base/log.hpp"
#include "workers/app/app_side.hpp"
#include "workers/app/forked_child.hpp"
#include "workers/app/try_allocating.hpp"
#include "workers/http/response_fields.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <string.h>
#include <sys/stat.h>

namespace alicorn {
namespace {

/// For a string from the app, which may be a null pointer with a size, or have an impossible size.
std::string_view view_or_nothing(alicorn_string text) {
  const bool is_nothing = text.data == nullptr || is_impossible(text.size);
  return is_nothing ? std::string_view() : std::string_view(text.data, text.size);
}

/// What the app throws is not caught together with our own exceptions: it is a crash of the app,
/// and is reported with the app's backtrace.
template <class Function>
std::int32_t call_app(Function function) {
  static_assert(noexcept(function()));
  const std::int32_t result = function();
  if (is_forked_child()) end_forked_child();
  return result;
}

void release_all(const alicorn_buffer* buffers, std::uint32_t count) {
  for (std::uint32_t i = 0; buffers != nullptr && i < count; ++i) {
    if (buffers[i].release != nullptr) buffers[i].release(buffers[i].context);
  }
}

// The functions of the host table: from C to the call's methods. No exception may unwind from them
// into the app, so they are noexcept; where memory may be short they return ALICORN_ERROR_MEMORY.

std::int32_t host_respond(alicorn_request* request, std::int32_t status,
                          const alicorn_field* headers, std::uint32_t count,
                          const alicorn_buffer* body) noexcept {
  AppCall* call = AppCall::of(request);
  if (call != nullptr) return AppSide(*call).respond(status, headers, count, body);
  release_all(body, 1);
  return ALICORN_ERROR_THREAD;
}

std::int32_t host_send_file(alicorn_request* request, std::int32_t status,
                            const alicorn_field* headers, std::uint32_t count, std::int32_t fd,
                            std::int64_t offset, std::int64_t length) noexcept {
  UniqueFd owned(fd);
  AppCall* call = AppCall::of(request);
  if (call == nullptr) return ALICORN_ERROR_THREAD;
  return AppSide(*call).send_file(status, headers, count, std::move(owned), offset, length);
}

std::int32_t host_begin(alicorn_request* request, std::int32_t status, const alicorn_field* headers,
                        std::uint32_t count, std::int64_t content_length) noexcept {
  AppCall* call = AppCall::of(request);
  if (call == nullptr) return ALICORN_ERROR_THREAD;
  return AppSide(*call).begin(status, headers, count, content_length);
}

std::int32_t host_write(alicorn_request* request, const alicorn_buffer* buffers,
                        std::uint32_t count) noexcept {
  AppCall* call = AppCall::of(request);
  if (call != nullptr) return AppSide(*call).write(buffers, count);
  release_all(buffers, count);
  return ALICORN_ERROR_THREAD;
}

std::int32_t host_end(alicorn_request* request, const alicorn_field* trailers,
                      std::uint32_t count) noexcept {
  AppCall* call = AppCall::of(request);
  if (call == nullptr) return ALICORN_ERROR_THREAD;
  return AppSide(*call).end(trailers, count);
}

std::int32_t host_interim(alicorn_request* request, std::int32_t status,
                          const alicorn_field* headers, std::uint32_t count) noexcept {
  AppCall* call = AppCall::of(request);
  if (call == nullptr) return ALICORN_ERROR_THREAD;
  return AppSide(*call).interim(status, headers, count);
}

std::int32_t host_body_next(alicorn_request* request, alicorn_string* piece) noexcept {
  if (piece != nullptr) *piece = {"", 0};
  AppCall* call = AppCall::of(request);
  if (call == nullptr) return ALICORN_ERROR_THREAD;
  return AppSide(*call).body_next(piece);
}

std::int32_t host_defer(alicorn_request* request, alicorn_event_function on_event,
                        void* context) noexcept {
  AppCall* call = AppCall::of(request);
  if (call == nullptr) return ALICORN_ERROR_THREAD;
  return AppSide(*call).defer(on_event, context);
}

std::int32_t host_extend_deadline(alicorn_request* request, std::uint32_t milliseconds) noexcept {
  AppCall* call = AppCall::of(request);
  if (call == nullptr) return ALICORN_ERROR_THREAD;
  return AppSide(*call).extend_deadline(milliseconds);
}

std::int32_t host_after_response(alicorn_request* request, void (*function)(void*),
                                 void* context) noexcept {
  AppCall* call = AppCall::of(request);
  if (call == nullptr) return ALICORN_ERROR_THREAD;
  return AppSide(*call).after_response(function, context);
}

std::int32_t host_annotate(alicorn_request* request, alicorn_string name,
                           alicorn_string value) noexcept {
  AppCall* call = AppCall::of(request);
  if (call == nullptr) return ALICORN_ERROR_THREAD;
  return AppSide(*call).annotate(name, value);
}

std::int32_t host_set_reason(alicorn_request* request, alicorn_string reason) noexcept {
  AppCall* call = AppCall::of(request);
  if (call == nullptr) return ALICORN_ERROR_THREAD;
  return AppSide(*call).set_reason(reason);
}

std::int32_t host_complete(const alicorn_host* host, alicorn_token token, std::int32_t status,
                           const alicorn_field* headers, std::uint32_t count,
                           const alicorn_buffer* body) noexcept {
  if (host == nullptr) {
    release_all(body, 1);
    return ALICORN_ERROR_INVALID;
  }
  const CallTable& calls = AppHost::of(host).calls();
  AppCall* call = calls.find(token);
  if (call != nullptr) {
    return AppSide(*call).complete(calls.tokens().generation(token), status, headers, count, body);
  }
  release_all(body, 1);
  return ALICORN_ERROR_GONE;
}

std::int32_t host_resume(const alicorn_host* host, alicorn_token token,
                         alicorn_resume_function function, void* context) noexcept {
  if (host == nullptr) return ALICORN_ERROR_INVALID;
  const CallTable& calls = AppHost::of(host).calls();
  AppCall* call = calls.find(token);
  if (call == nullptr) return ALICORN_ERROR_GONE;
  return AppSide(*call).resume(calls.tokens().generation(token), function, context);
}

std::int32_t host_cancelled(const alicorn_host* host, alicorn_token token) noexcept {
  if (host == nullptr) return ALICORN_ERROR_INVALID;
  const CallTable& calls = AppHost::of(host).calls();
  AppCall* call = calls.find(token);
  if (call == nullptr) return ALICORN_ERROR_GONE;
  return AppSide(*call).cancelled(calls.tokens().generation(token));
}

log::Level log_level(std::int32_t level) {
  if (level <= ALICORN_LOG_DEBUG) return log::Level::kDebug;
  if (level == ALICORN_LOG_INFO) return log::Level::kInfo;
  return level == ALICORN_LOG_WARNING ? log::Level::kWarning : log::Level::kError;
}

void host_log(const alicorn_host* host, alicorn_token token, std::int32_t level,
              alicorn_string message, const alicorn_field* fields, std::uint32_t count) noexcept {
  if (host == nullptr) return;
  // A value out of range counts as the nearest valid one, for the comparison too.
  level = std::clamp<std::int32_t>(level, ALICORN_LOG_DEBUG, ALICORN_LOG_ERROR);
  if (level < __atomic_load_n(&host->log_level, __ATOMIC_RELAXED)) return;
  if (fields == nullptr) count = 0;
  const bool is_written = try_allocating([&] {
    std::vector<log::Field> all;
    all.reserve(std::size_t{count} + 1);
    std::string request_id;
    const CallTable& calls = AppHost::of(host).calls();
    AppCall* call = token != 0 ? calls.find(token) : nullptr;
    if (call != nullptr &&
        AppSide(*call).request_id(calls.tokens().generation(token), request_id)) {
      all.push_back({"request_id", request_id});
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      all.push_back({view_or_nothing(fields[i].name), view_or_nothing(fields[i].value)});
    }
    log::write(log_level(level), view_or_nothing(message), all.data(), all.size());
  });
  if (!is_written) log::write(log_level(level), view_or_nothing(message));
}

std::int32_t host_config_get(const alicorn_host* host, alicorn_string key,
                             alicorn_string* value) noexcept {
  if (host == nullptr || value == nullptr) return ALICORN_ERROR_INVALID;
  const std::string* found = AppHost::of(host).config(view_or_nothing(key));
  if (found == nullptr) {
    *value = {"", 0};
    return ALICORN_ERROR_NOT_FOUND;
  }
  *value = {found->data(), found->size()};
  return ALICORN_OK;
}

std::int32_t host_config_at(const alicorn_host* host, std::uint32_t index, alicorn_string* key,
                            alicorn_string* value) noexcept {
  if (host == nullptr || key == nullptr || value == nullptr) return ALICORN_ERROR_INVALID;
  const auto& entries = AppHost::of(host).settings().app_config;
  *key = *value = {"", 0};
  if (index >= entries.size()) return ALICORN_ERROR_NOT_FOUND;
  const auto& [name, text] = entries[index];
  *key = {name.data(), name.size()};
  *value = {text.data(), text.size()};
  return ALICORN_OK;
}

std::int32_t host_request_recycle(const alicorn_host* host, alicorn_string reason) noexcept {
  if (host == nullptr) return ALICORN_ERROR_INVALID;
  AppHost::of(host).ask_for_recycling(view_or_nothing(reason));
  return ALICORN_OK;
}

std::int32_t lowest_level() {
  if (log::enabled(log::Level::kDebug)) return ALICORN_LOG_DEBUG;
  if (log::enabled(log::Level::kInfo)) return ALICORN_LOG_INFO;
  return log::enabled(log::Level::kWarning) ? ALICORN_LOG_WARNING : ALICORN_LOG_ERROR;
}

/// What the application may ask for by name: its section, and what the server says to the bridge.
std::map<std::string, std::string, std::less<>> entries_of(const WorkerSettings& settings) {
  std::map<std::string, std::string, std::less<>> entries(settings.app_config.begin(),
                                                          settings.app_config.end());
  const PythonSettings& python = settings.python;
  if (python.application.empty()) return entries;
  entries["python.application"] = python.application;
  entries["python.venv"] = python.venv;
  for (std::size_t i = 0; i < python.path.size(); ++i) {
    entries["python.path." + std::to_string(i)] = python.path[i];
  }
  for (std::size_t i = 0; i < python.preload_requests.size(); ++i) {
    entries["python.preload_request." + std::to_string(i)] = python.preload_requests[i];
  }
  for (std::size_t i = 0; i < python.static_files.size(); ++i) {
    const auto& [prefix, folder] = python.static_files[i];
    entries["python.static." + std::to_string(i)] = prefix;
    entries["python.static_folder." + std::to_string(i)] = folder;
  }
  return entries;
}

}  // namespace

AppHost::AppHost(const WorkerSettings& settings, std::uint32_t calls_max)
    : settings_(settings),
      config_(entries_of(settings)),
      bodies_(settings.limits.body_memory_max, settings.deadlines.body),
      environment_{.settings = settings,
                   .table = table_.host,
                   .bodies = bodies_,
                   .tokens = CallTokens(calls_max)},
      calls_(environment_, calls_max) {
  table_.owner = this;
  alicorn_host& host = table_.host;
  host.struct_size = sizeof host;
  host.abi_major = ALICORN_ABI_MAJOR;
  host.abi_minor = ALICORN_ABI_MINOR;
  follow_log_level();
  host.server_version = {ALICORN_VERSION, sizeof ALICORN_VERSION - 1};
  host.respond = host_respond;
  host.send_file = host_send_file;
  host.begin = host_begin;
  host.write = host_write;
  host.end = host_end;
  host.interim = host_interim;
  host.body_next = host_body_next;
  host.defer = host_defer;
  host.extend_deadline = host_extend_deadline;
  host.after_response = host_after_response;
  host.annotate = host_annotate;
  host.complete = host_complete;
  host.resume = host_resume;
  host.cancelled = host_cancelled;
  host.log = host_log;
  host.config_get = host_config_get;
  host.request_recycle = host_request_recycle;
  host.config_at = host_config_at;
  host.set_reason = host_set_reason;
}

void AppHost::follow_log_level() {
  std::atomic_ref(table_.host.log_level).store(lowest_level(), std::memory_order_relaxed);
}

AppHost& AppHost::of(const alicorn_host* table) {
  return *reinterpret_cast<const Table*>(table)->owner;
}

const std::string* AppHost::config(std::string_view key) const {
  const auto found = config_.find(key);
  return found == config_.end() ? nullptr : &found->second;
}

Result<void> AppHost::load() {
  file_.note(app_file_path(settings_.app_path));
  auto library = AppLibrary::load(settings_.app_path, settings_.app_symbol, table_.host);
  if (!library) return tl::unexpected(library.error());
  library_.emplace(*library);
  environment_.app = &app();
  environment_.streams_body = (app().flags & ALICORN_APP_STREAM_BODY) != 0;
  environment_.may_block = app().run_model == ALICORN_RUN_POOL;
  return check_threads(settings_.threads, app().flags, settings_.app_path);
}

namespace {

/// The app itself has logged why, if it is a good one.
Result<void> failed_callback(const char* callback, std::int32_t result) {
  return fail(std::string("the app's ") + callback + " failed with " + std::to_string(result) +
              ": the log may say why, in lines of the app");
}

}  // namespace

Result<void> AppHost::preload() {
  if (app().preload == nullptr) return {};
  const std::int32_t result =
      call_app([&]() noexcept { return app().preload(&table_.host, &app_state_); });
  if (result < 0) return failed_callback("preload", result);
  return {};
}

Result<void> AppHost::load_and_preload(ExitCode& code) {
  code = ExitCode::kAppLoadError;
  if (auto loaded = load(); !loaded) return loaded;
  code = ExitCode::kBootError;
  return preload();
}

void AppHost::set_executor(AppExecutor& executor) {
  environment_.executor = &executor;
  bodies_.set_executor(executor);
  environment_.disk_helpers.emplace(executor);
  struct stat folder {};
  if (::stat(settings_.body_directory.c_str(), &folder) == 0) {
    environment_.body_device = folder.st_dev;
  }
}

void AppHost::join_worker(CallSlot* slots, std::function<void(std::string_view)> recycle) {
  calls_.bind(slots);
  recycle_ = std::move(recycle);
}

Result<void> AppHost::init_worker(std::uint32_t slot, std::uint32_t generation) {
  environment_.worker_state = app_state_;  // if worker_init sets no state, the previous one stays
  if (app().worker_init == nullptr) return {};
  alicorn_worker worker{sizeof(alicorn_worker), slot, generation,
                        environment_.may_block ? settings_.threads : 1};
  const std::int32_t result = call_app([&]() noexcept {
    return app().worker_init(&table_.host, &worker, app_state_, &environment_.worker_state);
  });
  if (result < 0) return failed_callback("worker_init", result);
  return {};
}

Result<void> AppHost::init_thread(AppThread& thread) {
  thread.app_state = environment_.worker_state;
  std::int32_t result = ALICORN_OK;
  if (app().thread_init != nullptr) {
    result = call_app([&]() noexcept {
      return app().thread_init(environment_.worker_state, thread.index, &thread.app_state);
    });
  }
  if (result < 0) return failed_callback("thread_init", result);
  return {};
}

void AppHost::exit_thread(AppThread& thread) {
  if (app().thread_exit != nullptr) app().thread_exit(environment_.worker_state, thread.app_state);
}

void AppHost::exit_worker() {
  if (app().worker_exit != nullptr) app().worker_exit(environment_.worker_state);
}

}  // namespace alicorn
