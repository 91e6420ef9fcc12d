// Echoes requests, and shows every way to answer. README.md lists the paths.
#include "text.hpp"
#include "timer.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include <fcntl.h>

#include <alicorn/app.hpp>

namespace {

using alicorn::Request;

constexpr std::size_t kPieceSize = 64 * 1024;

std::string fields_as_json(const alicorn::HeaderRange& fields) {
  std::string out = "[";
  for (const auto [name, value] : fields) {
    if (out.size() > 1) out += ", ";
    out += "[" + json_string(name) + ", " + json_string(value) + "]";
  }
  return out + "]";
}

/// The request as JSON. Reads the whole body first.
void account(Request& request) {
  std::string body;
  while (const auto piece = request.read_body()) body += *piece;

  const alicorn_request& raw = *request.raw();
  std::string out = "{\n";
  const auto member = [&out](const char* name, const std::string& json) {
    out.append(out.size() > 2 ? ",\n  \"" : "  \"").append(name).append("\": ").append(json);
  };
  member("method", json_string(request.method()));
  member("target", json_string(request.target()));
  member("path", json_string(request.path()));
  member("query", json_string(request.query()));
  member("version",
         "\"" + std::to_string(raw.http_major) + "." + std::to_string(raw.http_minor) + "\"");
  member("scheme", json_string(request.scheme()));
  member("authority", json_string(request.authority()));
  member("client_address", json_string(request.client_address()));
  member("client_port", std::to_string(raw.client_port));
  member("server_address", json_string(alicorn::view_of(raw.server_address)));
  member("server_port", std::to_string(raw.server_port));
  member("request_id", json_string(request.request_id()));
  member("headers", fields_as_json(request.headers()));
  member("content_length", std::to_string(request.content_length()));
  member("body_size", std::to_string(body.size()));
  member("body_base64", json_string(base64(body)));
  member("trailers", fields_as_json(request.trailers()));
  out += "\n}\n";
  request.respond(200, "application/json", std::move(out));
}

/// Echoes piece by piece: only one piece is in memory at a time.
void echo_body(Request& request) {
  const auto type = request.header("content-type").value_or("application/octet-stream");
  request.begin(200, {{"content-type", type}}, request.content_length());
  while (const auto piece = request.read_body()) request.write(*piece);
  request.end();
}

void upload(Request& request) {
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;
  while (const auto piece = request.read_body()) {
    bytes += piece->size();
    crc = crc32(crc, *piece);
  }
  request.respond(
      200, "application/json",
      "{\"bytes\": " + std::to_string(bytes) + ", \"crc32\": " + std::to_string(crc) + "}\n");
}

void stream(Request& request) {
  const auto chunks = query_number(request.query(), "chunks", 10);
  request.begin(200, {{"content-type", "text/plain"}});
  for (std::uint64_t i = 1; i <= chunks; ++i) request.write("chunk " + std::to_string(i) + "\n");
  request.end();
}

void large(Request& request) {
  static const std::string piece(kPieceSize, 'x');
  auto left = query_number(request.query(), "bytes", 1 << 20);
  request.begin(200, {{"content-type", "application/octet-stream"}},
                static_cast<std::int64_t>(left));
  while (left > 0) {
    const auto size = std::min<std::uint64_t>(left, piece.size());
    request.write(alicorn::Data::forever(std::string_view(piece).substr(0, size)));
    left -= size;
  }
  request.end();
}

void send_configured_file(Request& request) {
  const auto path = request.host().config("file");
  const int fd = path ? ::open(std::string(*path).c_str(), O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0)
    return request.respond(404, "text/plain", "app.file is not configured or cannot be read\n");
  request.send_file(200, {{"content-type", "application/octet-stream"}}, fd);
}

void sleep(Request& request) {
  const auto milliseconds = query_number(request.query(), "ms", 1000);
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  request.respond(200, "text/plain", "slept " + std::to_string(milliseconds) + " ms\n");
}

void status(Request& request) {
  const auto code = query_number(request.query(), "code", 200);
  request.respond(static_cast<std::int32_t>(code), "text/plain",
                  "status " + std::to_string(code) + "\n");
}

void headers(Request& request) {
  const auto count = std::min<std::uint64_t>(query_number(request.query(), "count", 3), 100);
  std::vector<std::string> names;
  for (std::uint64_t i = 1; i <= count; ++i) names.push_back("X-Header-" + std::to_string(i));
  std::vector<alicorn::HeaderField> fields{{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}};
  for (const std::string& name : names) fields.push_back({name, "value"});
  request.respond(200, fields, "see the headers\n");
}

void trailers(Request& request) {
  request.begin(200, {{"content-type", "text/plain"}});
  request.write("the checksum follows\n");
  request.end({{"X-Checksum", std::to_string(crc32(0, "the checksum follows\n"))}});
}

void interim(Request& request) {
  request.interim(103, {{"Link", "</style.css>; rel=preload; as=style"}});
  request.respond(200, "text/html",
                  "<link rel=stylesheet href=/style.css>early hints came first\n");
}

class Echo {
 public:
  static constexpr std::string_view kName = "echo", kVersion = "1.0";

  Echo(alicorn::Host host, const alicorn_worker& worker) {
    host.log(ALICORN_LOG_DEBUG, "echo starts", {{"slot", std::to_string(worker.slot)}});
  }

  void on_request(Request& request) {
    request.annotate("app", "echo");
    const auto route = std::find_if(std::begin(kRoutes), std::end(kRoutes),
                                    [&](const Route& r) { return r.path == request.path(); });
    if (request.path() == "/defer") return defer(request);
    if (route == std::end(kRoutes)) return account(request);
    route->handler(request);
  }

  void drain() { timer_.hurry(); }

 private:
  struct Route {
    std::string_view path;
    void (*handler)(Request&);
  };
  static constexpr Route kRoutes[] = {{"/echo", echo_body},    {"/file", send_configured_file},
                                      {"/headers", headers},   {"/interim", interim},
                                      {"/large", large},       {"/sleep", sleep},
                                      {"/status", status},     {"/stream", stream},
                                      {"/trailers", trailers}, {"/upload", upload}};

  /// Frees the thread for other requests at once; the timer's thread answers.
  void defer(Request& request) {
    const auto milliseconds = query_number(request.query(), "ms", 100);
    // Shared, because std::function must be copyable. Given away last: the timer may answer at any
    // moment after that.
    const auto deferral = std::make_shared<alicorn::Deferral>(request.defer());
    timer_.after(std::chrono::milliseconds(milliseconds), [deferral, milliseconds] {
      deferral->complete(200, "text/plain",
                         "deferred for " + std::to_string(milliseconds) + " ms\n");
    });
  }

  Timer timer_;
};

}  // namespace

ALICORN_CPP_WORKER(Echo,
                   ALICORN_APP_THREAD_SAFE | ALICORN_APP_PRELOAD_SAFE | ALICORN_APP_STREAM_BODY);
