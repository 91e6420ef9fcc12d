// The second half of alicorn/app.hpp, which includes it: the functions through which C calls C++.
// All functions that the host gets are here, and are noexcept; exceptions end in guarded().
// Compiled into the application.
#pragma once

#include "alicorn/app.hpp"

#define ALICORN_DETAIL_FLAGS(...) (0 __VA_OPT__(| (__VA_ARGS__)))

/// An app that is one function, void handler(alicorn::Request&): ALICORN_CPP_APP(handler) or
/// ALICORN_CPP_APP(handler, ALICORN_APP_THREAD_SAFE | ALICORN_APP_STREAM_BODY).
#define ALICORN_CPP_APP(handler, ...)                                        \
  ALICORN_EXPORT const alicorn_app* alicorn_app_entry(const alicorn_host*) { \
    static const alicorn_app app =                                           \
        alicorn::handler_app<handler>(ALICORN_DETAIL_FLAGS(__VA_ARGS__));    \
    return &app;                                                             \
  }                                                                          \
  ALICORN_NOTE(ALICORN_DETAIL_FLAGS(__VA_ARGS__))

/// An app that is a class, one object per worker: ALICORN_CPP_WORKER(Shop,
/// ALICORN_APP_THREAD_SAFE). All but the first two members are optional:
///
///   class Shop {
///    public:
///     // worker_init; if it throws, the worker does not start
///     Shop(alicorn::Host host, const alicorn_worker& worker);
///
///     void on_request(alicorn::Request& request);
///
///     static constexpr std::string_view kName = "shop", kVersion = "1.0";
///
///     static constexpr std::int32_t kRunModel = ALICORN_RUN_LOOP;
///
///     // One per app thread: request.thread_state<Shop::Thread>().
///     struct Thread { Thread(Shop& shop, std::uint32_t index); };
///
///     bool ready();
///
///     // The worker is leaving; requests may still come, so keep answering them
///     void drain();
///
///     // Loads large data, once in each process that loads the app, before any Shop: see
///     // docs/fork_safety.md. If it throws, the worker does not start
///     static void preload(alicorn::Host host);
///
///     // On a thread of the host's: make on_request for this token return, which is beyond its
///     // deadline (cancel its query, for instance). False: that cannot be done. The request may be
///     // over already; any_state is what thread_state() of its thread is.
///     bool interrupt(alicorn_token token, void* any_state);
///
///     ~Shop();  // worker_exit; not called if a handler does not return in time
///   };
#define ALICORN_CPP_WORKER(Worker, ...)                                                         \
  ALICORN_EXPORT const alicorn_app* alicorn_app_entry(const alicorn_host* alicorn_the_host) {   \
    static const alicorn_app app =                                                              \
        alicorn::WorkerApp<Worker>::table(alicorn_the_host, ALICORN_DETAIL_FLAGS(__VA_ARGS__)); \
    return &app;                                                                                \
  }                                                                                             \
  ALICORN_NOTE(ALICORN_DETAIL_FLAGS(__VA_ARGS__))

namespace alicorn {
inline namespace app_v1 {
namespace detail {

inline const char* result_name(std::int32_t result) {
  switch (result) {
    case ALICORN_ERROR_GONE:
      return "gone";
    case ALICORN_ERROR_INVALID:
      return "invalid";
    case ALICORN_ERROR_STATE:
      return "state";
    case ALICORN_ERROR_THREAD:
      return "thread";
    case ALICORN_ERROR_LIMIT:
      return "limit";
    case ALICORN_ERROR_MEMORY:
      return "memory";
    default:
      return "error";
  }
}

/// Runs the function. An exception becomes a log line and a result. `what` names the callback.
template <class Function>
std::int32_t guarded(const alicorn_host* host, alicorn_token token, const char* what,
                     Function&& function) noexcept {
  const auto report = [&](const char* why, std::int32_t code) noexcept {
    // Nothing here may allocate: the exception may be about a lack of memory.
    const alicorn_field fields[] = {{ALICORN_LITERAL("callback"), alicorn_text(what)},
                                    {ALICORN_LITERAL("what"), alicorn_text(why)},
                                    {ALICORN_LITERAL("result"), alicorn_text(result_name(code))}};
    host->log(host, token, ALICORN_LOG_ERROR, alicorn_text("exception"), fields, 3);
    return code;
  };
  try {
    function();
    return ALICORN_OK;
  } catch (const CallFailure& failure) {
    if (failure.code() == ALICORN_ERROR_GONE) return ALICORN_ERROR_GONE;
    return report(failure.what(), failure.code());
  } catch (const std::exception& exception) {
    return report(exception.what(), ALICORN_ERROR);
  } catch (...) {
    return report("not a std::exception", ALICORN_ERROR);
  }
}

template <class Function>
std::int32_t guarded(alicorn_request* request, const char* what, Function&& function) noexcept {
  return guarded(request->host, request->token, what, [&] {
    Request wrapped(request);
    function(wrapped);
  });
}

template <auto handler>
std::int32_t call_handler(alicorn_request* request) noexcept {
  return guarded(request, "on_request", handler);
}

inline std::int32_t call_events(void* context, alicorn_request* request,
                                std::int32_t event) noexcept {
  auto* events = static_cast<RequestEvents*>(context);
  const std::int32_t result =
      guarded(request, "on_event", [&](Request& wrapped) { events->on_event(wrapped, event); });
  if (event == ALICORN_EVENT_FINISHED) delete events;
  return result;
}

/// A function that passes through the host, with the host's table in case the function throws.
template <class Function>
struct Parcel {
  const alicorn_host* host;
  Function function;
};

inline alicorn_app empty_table(std::uint32_t flags) {
  alicorn_app app{};
  app.struct_size = sizeof(app);
  app.abi_major = ALICORN_ABI_MAJOR;
  app.abi_minor = ALICORN_MINIMUM_MINOR;
  app.flags = flags;
  app.name = app.version = {"", 0};
  return app;
}

}  // namespace detail

template <std::invocable<Request*> Function>
std::int32_t RequestToken::resume(Function function) const {
  using Parcel = detail::Parcel<Function>;
  auto parcel = std::make_unique<Parcel>(Parcel{host_, std::move(function)});
  const alicorn_resume_function run = [](void* context, alicorn_request* request) noexcept {
    const std::unique_ptr<Parcel> owned(static_cast<Parcel*>(context));
    const alicorn_token token = request == nullptr ? 0 : request->token;
    return detail::guarded(owned->host, token, "resume", [&] {
      if (request == nullptr) return void(owned->function(nullptr));
      Request wrapped(request);
      owned->function(&wrapped);
    });
  };
  const std::int32_t result = host_->resume(host_, token_, run, parcel.get());
  // Accepted: the host's call owns the parcel now, and may have run already.
  if (result == ALICORN_OK) (void)parcel.release();
  return result;
}

inline Deferral Request::defer(std::unique_ptr<RequestEvents> events) {
  const alicorn_event_function on_event = events ? detail::call_events : nullptr;
  check("defer", calls().defer(request_, on_event, events.get()));
  (void)events.release();
  return Deferral(token());
}

template <std::invocable Function>
void Request::after_response(Function function) {
  using Parcel = detail::Parcel<Function>;
  auto parcel = std::make_unique<Parcel>(Parcel{request_->host, std::move(function)});
  const auto run = [](void* context) noexcept {
    const std::unique_ptr<Parcel> owned(static_cast<Parcel*>(context));
    detail::guarded(owned->host, 0, "after_response", [&] { owned->function(); });
  };
  check("after_response", calls().after_response(request_, run, parcel.get()));
  (void)parcel.release();
}

/// The table of ALICORN_CPP_APP.
template <auto handler>
alicorn_app handler_app(std::uint32_t flags) {
  alicorn_app app = detail::empty_table(flags);
  app.on_request = detail::call_handler<handler>;
  return app;
}

/// The table of ALICORN_CPP_WORKER.
template <class Worker>
class WorkerApp {
 public:
  static alicorn_app table(const alicorn_host* host, std::uint32_t flags) {
    host_ = host;
    alicorn_app app = detail::empty_table(flags);
    if constexpr (requires { Worker::kName; }) app.name = string_of(Worker::kName);
    if constexpr (requires { Worker::kVersion; }) app.version = string_of(Worker::kVersion);
    if constexpr (requires { Worker::kRunModel; }) app.run_model = Worker::kRunModel;
    if constexpr (requires { Worker::preload(Host(host)); }) app.preload = preload;
    app.worker_init = worker_init;
    app.worker_exit = [](void* state) { delete static_cast<Worker*>(state); };
    if constexpr (requires { typename Worker::Thread; }) {
      app.thread_init = thread_init;
      app.thread_exit = thread_exit;
    }
    if constexpr (requires(Worker & worker) { worker.ready(); }) app.ready = ready;
    if constexpr (requires(Worker & worker) { worker.drain(); }) app.drain = drain;
    app.on_request = on_request;
    if constexpr (requires(Worker & worker) { worker.interrupt(alicorn_token(), nullptr); }) {
      app.interrupt = interrupt;
    }
    return app;
  }

 private:
  static std::int32_t preload(const alicorn_host* host, void**) noexcept {
    return detail::guarded(host, 0, "preload", [&] { Worker::preload(Host(host)); });
  }
  static std::int32_t worker_init(const alicorn_host* host, const alicorn_worker* worker, void*,
                                  void** state) noexcept {
    return detail::guarded(host, 0, "worker_init",
                           [&] { *state = new Worker(Host(host), *worker); });
  }
  static std::int32_t thread_init(void* state, std::uint32_t index, void** thread) noexcept {
    return detail::guarded(host_, 0, "thread_init", [&] {
      *thread = new typename Worker::Thread(*static_cast<Worker*>(state), index);
    });
  }
  static void thread_exit(void*, void* thread) noexcept {
    delete static_cast<typename Worker::Thread*>(thread);
  }
  static std::int32_t ready(void* state) noexcept {
    bool is_ready = false;
    const auto ask = [&] { is_ready = static_cast<Worker*>(state)->ready(); };
    const std::int32_t result = detail::guarded(host_, 0, "ready", ask);
    return is_ready ? ALICORN_OK : result < 0 ? result : ALICORN_ERROR;
  }
  static void drain(void* state) noexcept {
    detail::guarded(host_, 0, "drain", [&] { static_cast<Worker*>(state)->drain(); });
  }
  static std::int32_t interrupt(void* state, void* thread, alicorn_token token) noexcept {
    bool is_possible = false;
    const auto ask = [&] { is_possible = static_cast<Worker*>(state)->interrupt(token, thread); };
    const std::int32_t result = detail::guarded(host_, token, "interrupt", ask);
    return is_possible ? ALICORN_OK : result < 0 ? result : ALICORN_ERROR;
  }
  static std::int32_t on_request(alicorn_request* request) noexcept {
    return detail::guarded(request, "on_request", [](Request& wrapped) {
      wrapped.worker_state<Worker>().on_request(wrapped);
    });
  }

  // The host's table, for callbacks that do not get a request. Valid for the life of the process.
  static inline const alicorn_host* host_ = nullptr;
};

}  // namespace app_v1
}  // namespace alicorn
