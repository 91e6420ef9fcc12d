#include "app_api/python/warm_up.hpp"

#include "app_api/python/log.hpp"

#include <algorithm>
#include <deque>
#include <string_view>

#include <unistd.h>

#include <alicorn/detail/rules.hpp>

namespace alicorn::python {
namespace {

/// Takes the first line, and its end with it.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

/// A request as it is written in the configuration: "/hello/?a=b", "https://example.org/hello/", or
/// "POST /hello/", and perhaps header fields, a line for each, an empty line, and a body.
struct Wish {
  explicit Wish(std::string_view text) {
    std::string_view line = take_line(text);
    if (const std::size_t blank = line.find(' '); blank != std::string_view::npos) {
      method = line.substr(0, blank);
      line.remove_prefix(blank + 1);
    }
    parse_target(line);
    while (!text.empty() && !(line = take_line(text)).empty()) {
      const std::size_t colon = std::min(line.find(':'), line.size());
      std::string& name = names.emplace_back(line.substr(0, colon));
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      line.remove_prefix(std::min(line.find_first_not_of(": ", colon), line.size()));
      if (name == "host")
        authority = line;
      else
        fields.push_back({text_of(name), text_of(line)});
    }
    fields.push_back({ALICORN_LITERAL("host"), text_of(authority)});
    body = text;
    while (body.ends_with('\n')) body.remove_suffix(1);  // that of YAML's block
  }
  Wish(const Wish&) = delete;
  Wish& operator=(const Wish&) = delete;

  std::string_view method = "GET", scheme = "http", authority = "localhost", path, query, body;
  std::string_view target;
  std::deque<std::string> names;  ///< of the fields, in lower case
  std::vector<alicorn_field> fields;

 private:
  void parse_target(std::string_view text) {
    const std::size_t colon = text.find("://");
    if (!text.starts_with('/') && colon != std::string_view::npos) {
      scheme = text.substr(0, colon);
      text.remove_prefix(colon + 3);
      authority = text.substr(0, text.find('/'));
      text.remove_prefix(authority.size());
    }
    target = text.empty() ? "/" : text;
    const std::size_t mark = std::min(target.find('?'), target.size());
    path = target.substr(0, mark);
    if (mark < target.size()) query = target.substr(mark + 1);
  }
};

/// Takes an answer and sends it to nobody. Its functions find it as the host of the request.
struct Nobody {
  explicit Nobody(const alicorn_host& real) : table(real) {
    table.struct_size = sizeof table;
    table.respond = [](alicorn_request* request, std::int32_t status, const alicorn_field*,
                       std::uint32_t, const alicorn_buffer* body) {
      of(request->host).answered_with = status;
      return body == nullptr ? ALICORN_OK : drop(body, 1);
    };
    table.send_file = [](alicorn_request* request, std::int32_t status, const alicorn_field*,
                         std::uint32_t, std::int32_t fd, std::int64_t, std::int64_t) {
      of(request->host).answered_with = status;
      ::close(fd);
      return std::int32_t{ALICORN_OK};
    };
    table.begin = [](alicorn_request* request, std::int32_t status, const alicorn_field*,
                     std::uint32_t, std::int64_t) {
      of(request->host).answered_with = status;
      return std::int32_t{ALICORN_OK};
    };
    table.write = [](alicorn_request*, const alicorn_buffer* buffers, std::uint32_t count) {
      return drop(buffers, count);
    };
    table.end = [](alicorn_request*, const alicorn_field*, std::uint32_t) {
      return std::int32_t{ALICORN_OK};
    };
    table.interim = [](alicorn_request*, std::int32_t, const alicorn_field*, std::uint32_t) {
      return std::int32_t{ALICORN_OK};
    };
    table.set_reason = [](alicorn_request*, alicorn_string) { return std::int32_t{ALICORN_OK}; };
    table.after_response = [](alicorn_request*, void (*)(void*), void*) {
      return std::int32_t{ALICORN_ERROR_GONE};
    };
    table.cancelled = [](const alicorn_host*, alicorn_token) { return std::int32_t{0}; };
  }

  static Nobody& of(const alicorn_host* host) {
    // The table is its first member.
    return *reinterpret_cast<Nobody*>(const_cast<alicorn_host*>(host));
  }
  static std::int32_t drop(const alicorn_buffer* buffers, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (buffers[i].release != nullptr) buffers[i].release(buffers[i].context);
    }
    return ALICORN_OK;
  }

  alicorn_host table;
  std::int32_t answered_with = 0;  ///< a status
};

alicorn_request request_for(const Wish& wish, const alicorn_host& host) {
  alicorn_request request{};
  request.struct_size = sizeof request;
  request.method_id = rules::method_id_of(wish.method);
  request.host = &host;
  request.method = text_of(wish.method);
  request.target = text_of(wish.target);
  request.path = text_of(wish.path);
  request.query = text_of(wish.query);
  request.scheme = text_of(wish.scheme);
  request.authority = text_of(wish.authority);
  request.client_address = request.server_address = ALICORN_LITERAL("127.0.0.1");
  request.http_major = request.http_minor = 1;
  request.header_count = static_cast<std::uint32_t>(wish.fields.size());
  request.headers = wish.fields.data();
  request.content_length = static_cast<std::int64_t>(wish.body.size());
  request.body = text_of(wish.body);
  request.request_id = request.mount = ALICORN_LITERAL("");
  return request;
}

/// Processes must not share the connections that these requests have opened. Django closes them
/// only if it is told to keep none.
void close_connections_of_django() {
  PyObject* const modules = PyImport_GetModuleDict();  // borrowed
  PyObject* const module = PyDict_GetItemString(modules, "django.db");
  if (module == nullptr) return;
  const Ref connections(PyObject_GetAttrString(module, "connections"));
  const Ref closed(connections ? PyObject_CallMethod(connections.get(), "close_all", nullptr)
                               : nullptr);
  if (!closed) PyErr_Clear();
}

}  // namespace

void warm_up(const alicorn_host& host, Application& application,
             const std::vector<std::string>& wishes) {
  for (const std::string& text : wishes) {
    const Wish wish(text);
    Nobody nobody(host);
    alicorn_request request = request_for(wish, nobody.table);
    const bool is_answered = application.serve(request) == ALICORN_OK && nobody.answered_with != 0;
    // A view that wants a login (401, 403) or a POST (405) is imported nonetheless.
    const bool is_meant =
        nobody.answered_with < 500 && nobody.answered_with != 400 && nobody.answered_with != 404;
    if (is_answered && is_meant) continue;
    log_line({&host}, ALICORN_LOG_WARNING,
             "preload_requests: " + std::string(wish.target) +
                 (is_answered ? " was answered with " + std::to_string(nobody.answered_with)
                              : std::string(" has failed")));
  }
  if (!wishes.empty()) close_connections_of_django();
}

}  // namespace alicorn::python
