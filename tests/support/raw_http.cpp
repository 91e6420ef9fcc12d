#include "tests/support/raw_http.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

namespace alicorn::test {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

bool wait_for(int fd, short events, MonotonicTime deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - now()).count();
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  return ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) > 0;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool parse_field(std::string_view line, std::vector<std::pair<std::string, std::string>>& fields) {
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos || colon == 0) return false;
  fields.emplace_back(lower_case(line.substr(0, colon)), line.substr(colon + 2));
  return true;
}

bool has_body(const Response& response, To to) {
  return to != To::kHead && response.status >= 200 && response.status != 204 &&
         response.status != 304;
}

}  // namespace

std::string Response::field(std::string_view name) const {
  std::string value;
  for (const auto& [key, text] : fields) {
    if (key != name) continue;
    if (!value.empty()) value += ", ";
    value += text;
  }
  return value;
}

bool Response::has(std::string_view name) const {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return field.first == name; });
}

RawClient::RawClient(const Address& address, int receive_buffer) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer > 0) {
    // Set before connect, which announces the window to the peer.
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  if (!fd || ::connect(fd.get(), address.data(), address.size()) < 0) return;
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  socket_ = std::move(fd);
}

bool RawClient::send(std::string_view bytes, milliseconds limit) {
  const MonotonicTime deadline = now() + limit;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN || !wait_for(socket_.get(), POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

RawClient::Read RawClient::read_some(MonotonicTime deadline) {
  if (has_ended_ || !socket_) return Read::kEnd;
  constexpr std::size_t kPiece = 64 * 1024;
  const std::size_t before = unread_.size();
  unread_.resize(before + kPiece);
  ssize_t got = -1;
  while ((got = ::recv(socket_.get(), unread_.data() + before, kPiece, 0)) < 0) {
    if (errno == EAGAIN && wait_for(socket_.get(), POLLIN, deadline)) continue;
    break;
  }
  const int error = errno;
  unread_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got > 0) return Read::kBytes;
  if (got < 0 && error == EAGAIN) return Read::kTimeout;
  has_ended_ = true;
  was_reset_ = got < 0;
  return Read::kEnd;
}

bool RawClient::read_until(std::size_t size, MonotonicTime deadline, Response& response) {
  while (unread_.size() < size) {
    const Read read = read_some(deadline);
    if (read == Read::kBytes) continue;
    const char* const what = read == Read::kTimeout ? "nothing more came"
                             : was_reset_           ? "the connection was reset"
                                                    : "the connection was closed";
    response.problem = std::string(what) + " after " + std::to_string(unread_.size()) + " bytes";
    return false;
  }
  return true;
}

bool RawClient::read_line(std::size_t& line_end, std::size_t from, MonotonicTime deadline,
                          Response& response) {
  while ((line_end = unread_.find(kLineEnd, from)) == std::string::npos) {
    if (!read_until(unread_.size() + 1, deadline, response)) return false;
  }
  return true;
}

bool RawClient::read_head(Response& response, MonotonicTime deadline) {
  std::size_t line_end = 0;
  if (!read_line(line_end, 0, deadline, response)) return false;
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const std::string_view status_line(unread_.data(), line_end);
  int status = 0;
  if (!status_line.starts_with(kVersion) ||
      std::from_chars(status_line.data() + kVersion.size(), status_line.data() + line_end, status)
              .ec != std::errc{}) {
    response.problem = "no status line: " + std::string(status_line);
    return false;
  }
  for (std::size_t start = line_end + 2;; start = line_end + 2) {
    if (!read_line(line_end, start, deadline, response)) return false;
    if (line_end == start) break;
    const std::string_view line = std::string_view(unread_).substr(start, line_end - start);
    if (!parse_field(line, response.fields)) {
      response.problem = "no field: " + std::string(line);
      return false;
    }
  }
  response.head = unread_.substr(0, line_end + 2);
  unread_.erase(0, line_end + 2);
  response.status = status;
  return true;
}

bool RawClient::read_chunks(Response& response, MonotonicTime deadline) {
  std::size_t line_end = 0;
  for (std::size_t size = 1; size > 0;) {
    if (!read_line(line_end, 0, deadline, response)) return false;
    const auto parsed = std::from_chars(unread_.data(), unread_.data() + line_end, size, 16);
    if (parsed.ec != std::errc{} || parsed.ptr != unread_.data() + line_end) {
      response.problem = "no chunk size: " + unread_.substr(0, line_end);
      return false;
    }
    unread_.erase(0, line_end + 2);
    if (size == 0) break;
    if (!read_until(size + 2, deadline, response)) return false;
    response.body.append(unread_, 0, size);
    if (unread_.compare(size, 2, kLineEnd) != 0) {
      response.problem = "no line end after a chunk";
      return false;
    }
    unread_.erase(0, size + 2);
  }
  for (;;) {
    if (!read_line(line_end, 0, deadline, response)) return false;
    const std::string line = unread_.substr(0, line_end);
    unread_.erase(0, line_end + 2);
    if (line.empty()) return true;
    if (!parse_field(line, response.trailers)) {
      response.problem = "no trailer: " + line;
      return false;
    }
  }
}

bool RawClient::read_body(Response& response, MonotonicTime deadline) {
  if (response.field("transfer-encoding") == "chunked") return read_chunks(response, deadline);
  if (!response.has("content-length")) {
    while (read_some(deadline) == Read::kBytes) continue;
    if (!has_ended_ || was_reset_) response.problem = "a body without an end";
    response.body = std::exchange(unread_, {});
    return response.problem.empty();
  }
  const std::string length = response.field("content-length");
  std::size_t size = 0;
  const auto parsed = std::from_chars(length.data(), length.data() + length.size(), size);
  if (parsed.ec != std::errc{} || parsed.ptr != length.data() + length.size()) {
    response.problem = "no length: " + length;
    return false;
  }
  if (!read_until(size, deadline, response)) return false;
  response.body = unread_.substr(0, size);
  unread_.erase(0, size);
  return true;
}

Response RawClient::read_response(To to, milliseconds limit) {
  const MonotonicTime deadline = now() + limit;
  Response response;
  const bool is_whole =
      read_head(response, deadline) && (!has_body(response, to) || read_body(response, deadline));
  if (!is_whole) response.status = 0;
  return response;
}

Response RawClient::read_head_alone(milliseconds limit) {
  Response response;
  if (!read_head(response, now() + limit)) response.status = 0;
  return response;
}

std::uint64_t RawClient::discard(std::uint64_t size, milliseconds limit) {
  std::uint64_t done = 0;
  while (done < size) {
    if (unread_.empty() && read_some(now() + limit) != Read::kBytes) break;
    const auto taken = std::min<std::uint64_t>(unread_.size(), size - done);
    unread_.erase(0, taken);
    done += taken;
  }
  return done;
}

bool RawClient::is_closed(milliseconds limit) {
  return unread_.empty() && read_some(now() + limit) == Read::kEnd;
}

bool RawClient::receives(std::string_view text, milliseconds limit) {
  Response ignored;
  return read_until(text.size(), now() + limit, ignored) && unread_.starts_with(text);
}

std::string RawClient::read_to_end(milliseconds limit) {
  const MonotonicTime deadline = now() + limit;
  while (read_some(deadline) == Read::kBytes) continue;
  return std::exchange(unread_, {});
}

void RawClient::half_close() {
  ::shutdown(socket_.get(), SHUT_WR);
}

void RawClient::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  socket_.reset();
}

std::string get(std::string_view target, const std::vector<std::string>& fields) {
  return request("GET", target, fields);
}

std::string request(std::string_view method, std::string_view target,
                    const std::vector<std::string>& fields, std::string_view body) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n");
  for (const std::string& field : fields) text.append(field).append(kLineEnd);
  if (!body.empty()) {
    text.append("Content-Length: ").append(std::to_string(body.size())).append(kLineEnd);
  }
  return text.append(kLineEnd).append(body);
}

void begin_upload(RawClient& client, const std::vector<std::string>& fields) {
  std::vector<std::string> all{"Content-Length: 5", "Expect: 100-continue"};
  all.insert(all.end(), fields.begin(), fields.end());
  client.send(request("POST", "/upload", all));
  EXPECT_EQ(client.read_response().status, 100);
}

Response finish_upload(RawClient& client) {
  return client.request("hello");
}

Response ask(const Address& address, std::string_view bytes) {
  return RawClient(address).request(bytes);
}

bool takes_connections(const Address& address) {
  const UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(fd.get(), address.data(), address.size()) == 0) return true;
  pollfd look{.fd = fd.get(), .events = POLLOUT, .revents = 0};
  return errno == EINPROGRESS && ::poll(&look, 1, 200) > 0 && look.revents == POLLOUT;
}

}  // namespace alicorn::test
