#include "workers/http/forwarded.hpp"
#include "workers/http/parser.hpp"
#include "workers/log/access_log.hpp"
#include "workers/worker.hpp"

#include <utility>

namespace alicorn {

std::string_view parser_version() {
  return HttpParser::llhttp_version();
}

Result<void> check_settings(const WorkerSettings& settings) {
  // The JSON format has fixed members.
  if (!settings.access_log.json) {
    if (auto format = AccessLog::check_format(settings.access_log.format); !format) {
      return fail("access_log_format: " + format.error().text());
    }
  }
  if (auto trust = ForwardedTrust::create(settings); !trust) {
    return tl::unexpected(std::move(trust.error()));
  }
  return {};
}

}  // namespace alicorn
