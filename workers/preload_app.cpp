#include "app_api/app_library.hpp"
#include "workers/app/app_host.hpp"
#include "workers/crash/stack_trace.hpp"
#include "workers/loop/worker_signals.hpp"
#include "workers/new_connections.hpp"
#include "workers/without_throwing.hpp"
#include "workers/worker.hpp"

namespace alicorn {

Result<AppHost*> preload_app(const WorkerSettings& settings, std::uint32_t calls_max,
                             ExitCode& code) {
  code = ExitCode::kAppLoadError;
  if (auto allowed = require_preload_safe(settings.app_path); !allowed) {
    return tl::unexpected(allowed.error());
  }
  believe_files_before_now();
  // Neither blocked nor ignored, because programs that the app starts would inherit that.
  take_no_orders();
  return without_throwing("preload", [&]() -> Result<AppHost*> {
    auto* app = new AppHost(settings, calls_max);  // NOLINT(cppcoreguidelines-owning-memory)
    if (auto loaded = app->load(); !loaded) return tl::unexpected(loaded.error());
    // The file may have been replaced since the check.
    auto allowed = check_preload_safe(app->app().flags, settings.app_path);
    if (!allowed) return tl::unexpected(allowed.error());
    code = ExitCode::kBootError;
    const NewConnections connections;
    if (auto loaded = app->preload(); !loaded) return tl::unexpected(loaded.error());
    connections.warn();
    keep_signals();
    return app;
  });
}

}  // namespace alicorn
