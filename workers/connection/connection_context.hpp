// What all connections of a worker share. Worker, I/O thread.
#pragma once

#include "workers/app/app_host.hpp"
#include "workers/connection/event_digest.hpp"
#include "workers/connection/last_word.hpp"
#include "workers/connection/overdue_requests.hpp"
#include "workers/contract/load_table.hpp"
#include "workers/contract/scoreboard.hpp"
#include "workers/contract/settings.hpp"
#include "workers/http/forwarded.hpp"
#include "workers/http/own_fields.hpp"
#include "workers/http/request_id.hpp"
#include "workers/log/access_log.hpp"
#include "workers/loop/event_loop.hpp"
#include "workers/net/input_buffer.hpp"

#include <functional>
#include <string_view>

namespace alicorn {

struct ConnectionContext {
  EventLoop& loop;
  const WorkerSettings& settings;
  AppHost& app;
  const ForwardedTrust& trust;
  AccessLog& access_log;
  WorkerSlot& scoreboard;
  WorkerLoad& load;
  BlockPool& blocks;
  const OwnFields& own_fields;
  RequestIds& ids;
  /// Asks for this worker to be replaced: a thread does not return from a request, or the app
  /// completes none of its requests.
  std::function<void(std::string_view reason)> ask_for_recycling;
  std::function<void()> connection_closed;  ///< there is room for another
  enum class Served { kByApp, kRefused };
  std::function<void(Served)> request_served;
  OverdueRequests overdue;
  EventDigest refusals{}, cuts{};  ///< log lines about these; for refusals, the kind is the status
  std::uint64_t last_connection = 0;  ///< id of the newest
  std::uint64_t bytes_moved = 0;      ///< of requests and their responses, so far
  LastWords* last_words = nullptr;    ///< null: clients get no answer in a crash
  /// A thread does not return from the app: no client should wait for it, or come back to this
  /// worker.
  bool poisoned = false;
  bool draining = false;
  /// While it leaves: clients between two requests go to other workers, and so do requests that
  /// wait for a thread.
  bool hands_over = false;
  bool leaving = false;        ///< whatever has no answer yet gets a 503
  milliseconds idle_grace{0};  ///< for a client between two requests, when its connection must end

  /// Answers carry Connection: close, unless the client can go to another worker.
  bool sends_clients_away() const { return (draining || poisoned) && !hands_over; }
  /// No thread will become free.
  bool every_thread_hangs() { return poisoned && overdue.threads_lost() >= settings.threads; }
  /// Requests wait for a thread in vain, whatever they are.
  bool nobody_will_run_them() { return every_thread_hangs() && !hands_over; }
};

}  // namespace alicorn
