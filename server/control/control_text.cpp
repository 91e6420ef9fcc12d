#include "server/control/control_text.hpp"

#include "base/escape.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace alicorn {

namespace json = boost::json;

namespace {

using Verb = ControlCommand::Verb;

/// The member, or null: another version of the server may have other members.
const json::value& at(const json::value& value, std::string_view name) {
  static const json::value nothing;
  const json::object* const object = value.if_object();
  const json::value* const member =
      object != nullptr ? object->if_contains({name.data(), name.size()}) : nullptr;
  return member != nullptr ? *member : nothing;
}

/// Escapes the text: it goes to a terminal, and the answer may not come from one of our servers.
std::string text_of(const json::value& value) {
  std::string text;
  if (const json::string* const bytes = value.if_string()) {
    append_escaped(text, {bytes->data(), bytes->size()}, Escaping::kText);
  } else {
    append_escaped(text, value.is_null() ? "-" : json::serialize(value), Escaping::kText);
  }
  return text;
}
std::string text_at(const json::value& value, std::string_view name) {
  return text_of(at(value, name));
}

double number_at(const json::value& value, std::string_view name) {
  const json::value& number = at(value, name);
  return number.is_number() ? number.to_number<double>() : 0;
}

std::string time_of(double ms) {
  constexpr double kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
  if (ms < 1'000) return fmt::format("{:.0f}ms", ms);
  if (ms < kMinute) return fmt::format("{:.1f}s", ms / 1'000);
  if (ms < kHour) return fmt::format("{:.0f}m", ms / kMinute);
  if (ms < kDay) return fmt::format("{:.1f}h", ms / kHour);
  return fmt::format("{:.1f}d", ms / kDay);
}

std::string size_of(double bytes) {
  constexpr double kMiB = 1 << 20;
  return bytes > 0 ? fmt::format("{:.1f} MiB", bytes / kMiB) : "-";
}

using Row = std::vector<std::string>;

/// Each column but the last is as wide as its widest cell.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      text += fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    text += row.back() + '\n';
  }
  return text;
}

std::string describe_reload(const json::value& reload) {
  std::string text = fmt::format("{} at {}", text_at(reload, "result"), text_at(reload, "at"));
  if (number_at(reload, "generation") > 0) {
    text += ", generation " + text_at(reload, "generation");
  }
  const json::value& reason = at(reload, "reason");
  return reason.is_null() ? text : text + ": " + text_of(reason);
}

std::string status_text(const json::value& answer) {
  const json::value &workers = at(answer, "workers"), &requests = at(answer, "requests"),
                    &log = at(answer, "log"), &memory = at(answer, "rss_bytes"),
                    &peer = at(answer, "peer_master");
  std::vector<Row> rows;
  rows.push_back({"state", fmt::format("{}, up {}", text_at(answer, "state"),
                                       time_of(number_at(answer, "uptime_ms")))});
  rows.push_back({"master", fmt::format("pid {}, alicorn {}", text_at(answer, "pid"),
                                        text_at(answer, "version"))});
  rows.push_back({"app", fmt::format("{}, generation {}", text_at(answer, "app"),
                                     text_at(answer, "generation"))});
  std::string listeners;
  if (const json::array* const list = at(answer, "listeners").if_array()) {
    for (const json::value& address : *list) {
      listeners += (listeners.empty() ? "" : ", ") + text_of(address);
    }
  }
  rows.push_back({"listens at", listeners});
  rows.push_back({"workers", fmt::format("{} wanted, {} ready, {} starting, {} leaving, {} deaths",
                                         text_at(workers, "wanted"), text_at(workers, "ready"),
                                         text_at(workers, "starting"), text_at(workers, "leaving"),
                                         text_at(answer, "deaths"))});
  rows.push_back(
      {"requests", fmt::format("{} answered, {} in flight", text_at(requests, "answered"),
                               text_at(requests, "in_flight"))});
  rows.push_back(
      {"connections", fmt::format("{} open, {} handed over", text_at(answer, "connections"),
                                  text_at(answer, "handed_over"))});
  for (const std::string_view name : {"reload", "last_reload"}) {
    const json::value& reload = at(answer, name);
    if (reload.is_null()) continue;
    rows.push_back({name == "reload" ? "reload" : "last reload", describe_reload(reload)});
  }
  if (const json::value& failure = at(answer, "last_failure"); !failure.is_null()) {
    rows.push_back({"last failure", text_of(failure)});
  }
  rows.push_back(
      {"log", fmt::format("level {}, {} lines dropped, {} of the access log", text_at(log, "level"),
                          text_at(log, "lines_dropped"), text_at(log, "access_lines_dropped"))});
  rows.push_back(
      {"memory", fmt::format("master {}, workers {}", size_of(number_at(memory, "master")),
                             size_of(number_at(memory, "workers")))});
  if (!peer.is_null()) {
    rows.push_back({"upgrade", fmt::format("the {} master has pid {}", text_at(peer, "role"),
                                           text_at(peer, "pid"))});
  }
  return table(rows);
}

std::string workers_text(const json::value& answer) {
  std::vector<Row> rows{{"SLOT", "PID", "GENERATION", "PHASE", "AGE", "REQUESTS", "IN-FLIGHT",
                         "CONNECTIONS", "MEMORY", "LAST-BEAT", "RESTARTS", "RECYCLING"}};
  if (const json::array* const list = at(answer, "workers").if_array()) {
    for (const json::value& worker : *list) {
      rows.push_back({text_at(worker, "slot"), text_at(worker, "pid"),
                      text_at(worker, "generation"), text_at(worker, "phase"),
                      time_of(number_at(worker, "age_ms")), text_at(worker, "requests"),
                      text_at(worker, "in_flight"), text_at(worker, "connections"),
                      size_of(number_at(worker, "rss_bytes")),
                      time_of(number_at(worker, "heartbeat_age_ms")), text_at(worker, "restarts"),
                      text_at(worker, "recycling")});
    }
  }
  return table(rows);
}

std::string requests_text(const json::value& answer) {
  std::vector<Row> rows{{"AGE", "WORKER", "PID", "THREAD", "PEER", "ID", "METHOD", "PATH"}};
  if (const json::array* const list = at(answer, "requests").if_array()) {
    for (const json::value& request : *list) {
      rows.push_back({time_of(number_at(request, "age_ms")), text_at(request, "worker"),
                      text_at(request, "pid"), text_at(request, "thread"), text_at(request, "peer"),
                      text_at(request, "id"), text_at(request, "method"),
                      text_at(request, "path")});
    }
  }
  std::string text = table(rows);
  if (number_at(answer, "left_off") > 0) {
    text += fmt::format("... and {} more\n", text_at(answer, "left_off"));
  }
  return text;
}

std::string reload_text(const ControlCommand& command, const json::value& answer) {
  const std::string generation = text_at(answer, "generation");
  if (!command.wait) return fmt::format("reloading: generation {} starts\n", generation);
  std::string text = fmt::format("reloaded: generation {} serves alone\n", generation);
  if (const json::array* const notes = at(answer, "notes").if_array()) {
    for (const json::value& note : *notes) text += fmt::format("note: {}\n", text_of(note));
  }
  return text;
}

std::string text_for(const ControlCommand& command, const json::value& answer) {
  switch (command.verb) {
    case Verb::kStatus:
      return status_text(answer);
    case Verb::kWorkers:
      return workers_text(answer);
    case Verb::kRequests:
      return requests_text(answer);
    case Verb::kReload:
      return reload_text(command, answer);
    case Verb::kScale:
      return fmt::format("{} workers wanted\n", text_at(answer, "workers"));
    case Verb::kRecycle:
      return fmt::format("worker {} (pid {}) leaves when its replacement is ready\n",
                         text_at(answer, "slot"), text_at(answer, "pid"));
    case Verb::kReopen:
      return "logs reopened\n";
    case Verb::kStop:
      return command.wait ? "stopped\n" : "stopping\n";
    case Verb::kLogLevel:
      return fmt::format("log level {}\n", log::name_of(command.level));
  }
  return "";
}

}  // namespace

Result<ControlAnswer> read_control_answer(const ControlCommand& command,
                                          const std::string& answer) {
  json::error_code error;
  const json::value parsed = json::parse({answer.data(), answer.size()}, error);
  const json::value& ok = at(parsed, "ok");
  if (error || !ok.is_bool()) return fail("this is not an answer of an Alicorn server");
  if (!ok.get_bool()) return ControlAnswer{false, text_at(parsed, "error")};
  return ControlAnswer{true, text_for(command, parsed)};
}

}  // namespace alicorn
