// What the access log says about real requests, and whose statements about clients the server
// trusts.
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class AccessLog : public ::testing::Test {
 protected:
  /// The log's lines after the requests; waits until there are `count` of them.
  std::string lines_of(ServerProcess& server, std::size_t count) {
    const auto lines = [&] {
      const std::string text = read_file(path);
      return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    };
    EXPECT_TRUE(eventually([&] { return lines() >= count; })) << server.log();
    return read_file(path);
  }
  Arguments with_format(const std::string& format) const {
    return {"--access-logfile", path, "--access-logformat", format};
  }

  TemporaryFolder folder;
  const std::string path = folder / "access.log";
};

TEST_F(AccessLog, HasAllAtoms) {
  ServerProcess server(
      example("echo"),
      with_format("%(h)s|%(l)s|%(u)s|%(r)s|%(m)s|%(U)s|%(q)s|%(H)s|%(s)s|%(B)s|%(b)s|%(f)s|%(a)s|"
                  "%({x-in}i)s|%({content-type}o)s|%({app}e)s|%({none}i)s"));
  ask(server.address(),
      get("/status?code=202", {"Referer: http://there/", "User-Agent: tester 1.0", "X-In: mine",
                               "Authorization: Basic YWxpY2U6c2VjcmV0"}));
  EXPECT_EQ(
      lines_of(server, 1),
      "127.0.0.1|-|alice|GET /status?code=202 HTTP/1.1|GET|/status|code=202|HTTP/1.1|202|11|11|"
      "http://there/|tester 1.0|mine|text/plain|echo|-\n");
}

TEST_F(AccessLog, HasTimesAndThePid) {
  ServerProcess server(example("echo"), with_format("%(t)s|%(T)s|%(M)s|%(D)s|%(L)s|%(p)s"));
  ask(server.address(), get("/sleep?ms=120"));
  EXPECT_THAT(
      lines_of(server, 1),
      MatchesRegex("\\[[0-9]+/[A-Z][a-z]+/[0-9]+:[0-9:]+ [+-][0-9]+\\]\\|0\\|[0-9]+\\|1[0-9]+\\|"
                   "0\\.[0-9]+\\|<[0-9]+>\n"));
}

TEST_F(AccessLog, ShowsNoFieldOfAnotherClientsResponse) {
  ServerProcess server(example("echo"), with_format("%(s)s %({content-type}o)s %({x}o)s %(m)s"));
  ask(server.address(), get("/status"));
  RawClient client(server.address());
  client.send(get("/sleep?ms=300"));
  EXPECT_FALSE(client.receives("H", milliseconds(50)));
  client.reset();
  EXPECT_EQ(lines_of(server, 2), "200 text/plain - GET\n0 - - GET\n");
}

/// The head and the body have that many bytes together, so the connection's buffer block is full.
class BodyThatEndsWithTheBlock : public AccessLog,
                                 public ::testing::WithParamInterface<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(, BodyThatEndsWithTheBlock, ::testing::Values(16'384, 32'768, 49'152));

TEST_P(BodyThatEndsWithTheBlock, StillNoticesThatTheClientLeaves) {
  ServerProcess server(example("echo"), with_format("%(s)s"));
  std::string head =
      request("POST", "/defer?ms=60000", {}, std::string(GetParam() - 100, 'x')).substr(0, 200);
  head.resize(head.find("\r\n\r\n") + 4);
  const std::size_t size = GetParam() - head.size();
  const std::string whole = request("POST", "/defer?ms=60000", {}, std::string(size, 'x'));
  ASSERT_EQ(whole.size(), GetParam());
  RawClient client(server.address());
  client.send(whole);
  EXPECT_FALSE(client.receives("H", milliseconds(100)));
  client.reset();
  EXPECT_EQ(lines_of(server, 1), "0\n");
}

TEST_F(AccessLog, HasALineForEachRefusal) {
  ServerProcess server(example("echo"), with_format("%(s)s %(r)s"));
  ask(server.address(), "GET / HTTP/1.1\r\n\r\n");
  ask(server.address(), "nonsense\r\n\r\n");
  const std::string lines = lines_of(server, 2);
  EXPECT_THAT(lines, HasSubstr("400 GET / HTTP/1.1\n"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
}

TEST_F(AccessLog, CannotBeForged) {
  ServerProcess server(example("echo"), with_format("\"%(a)s\" %(s)s"));
  ask(server.address(), get("/status", {"User-Agent: x\" 200 \"\x1b[31m\xff"}));
  const std::string lines = lines_of(server, 1);
  EXPECT_EQ(lines.find('\x1b'), std::string::npos);
  EXPECT_EQ(lines.find("x\" 200"), std::string::npos);
}

TEST_F(AccessLog, MayBeJson) {
  ServerProcess server(example("echo"), {"--access-logfile", path, "--log-format", "json"});
  ask(server.address(), get("/status?code=202"));
  const std::string line = lines_of(server, 1);
  EXPECT_THAT(line, HasSubstr("\"status\":202"));
  EXPECT_THAT(server.log(), HasSubstr("\"process\":\"master\""));
}

TEST_F(AccessLog, GoesToStandardOutput) {
  ServerProcess server(example("hello_c"), {"--access-logfile", "-"});
  ask(server.address(), get("/"));
  EXPECT_TRUE(server.logs("\"GET / HTTP/1.1\" 200 13"));
}

class ForwardedFor : public ::testing::Test {
 protected:
  static std::string client_of(const Address& address, const std::vector<std::string>& fields) {
    const std::string body = ask(address, get("/", fields)).body;
    const std::string member = "\"client_address\": \"";
    const std::size_t at = body.find(member);
    if (at == std::string::npos) return "none: " + body;
    return body.substr(at + member.size(), body.find('"', at + member.size()) - at - member.size());
  }
  const std::vector<std::string> chain{"X-Forwarded-For: 203.0.113.9, 198.51.100.7"};
};

TEST_F(ForwardedFor, IsTrustedFromLoopbackByDefault) {
  ServerProcess server(example("echo"), {});
  EXPECT_EQ(client_of(server.address(), chain), "198.51.100.7") << "the last hop that is no proxy";
  EXPECT_THAT(ask(server.address(), get("/", {"X-Forwarded-Proto: https"})).body,
              HasSubstr(R"("scheme": "https")"));
}

TEST_F(ForwardedFor, SkipsTrustedHops) {
  ServerProcess server(example("echo"), {"--forwarded-allow-ips", "127.0.0.1,198.51.100.0/24"});
  EXPECT_EQ(client_of(server.address(), chain), "203.0.113.9");
}

TEST_F(ForwardedFor, IsIgnoredFromStrangers) {
  ServerProcess server(example("echo"), {"--forwarded-allow-ips", "192.0.2.1"});
  EXPECT_EQ(client_of(server.address(), chain), "127.0.0.1");
  EXPECT_THAT(ask(server.address(), get("/", {"X-Forwarded-Proto: https"})).body,
              HasSubstr(R"("scheme": "http")"));
}

TEST_F(ForwardedFor, IsAlwaysTrustedFromUnixPeers) {
  const TemporaryFolder folder;
  ServerProcess server(example("echo"), {"--forwarded-allow-ips", "192.0.2.1", "-b",
                                         "unix:" + (folder / "app.sock")});
  EXPECT_EQ(client_of(server.address(), chain), "198.51.100.7");
}

class RequestId : public ::testing::Test {
 protected:
  static std::string id_of(const Address& address, const std::vector<std::string>& fields) {
    const std::string body = ask(address, get("/", fields)).body;
    const std::string member = "\"request_id\": \"";
    const std::size_t at = body.find(member);
    if (at == std::string::npos) return "none: " + body;
    return body.substr(at + member.size(), body.find('"', at + member.size()) - at - member.size());
  }
  static auto is_generated() { return MatchesRegex("[0-9a-f]{16}"); }
  const std::vector<std::string> given{"X-Request-Id: of-the-proxy"};
};

TEST_F(RequestId, OfATrustedPeerIsUsed) {
  ServerProcess server(example("echo"), {});
  EXPECT_EQ(id_of(server.address(), given), "of-the-proxy");
  EXPECT_THAT(id_of(server.address(), {"X-Request-Id: with \"quotes\""}), is_generated());
  EXPECT_THAT(id_of(server.address(), {"X-Request-Id: "}), is_generated());
}

TEST_F(RequestId, OfAStrangerIsNotBelieved) {
  const TemporaryFolder folder;
  const std::string log = folder / "access.log";
  ServerProcess server(example("echo"),
                       {"--forwarded-allow-ips", "192.0.2.1", "--access-logfile", log,
                        "--access-logformat", "id=%(id)s field=%({x-request-id}i)s"});
  const std::string id = id_of(server.address(), given);
  EXPECT_THAT(id, is_generated());
  EXPECT_TRUE(eventually([&] { return !read_file(log).empty(); }));
  EXPECT_EQ(read_file(log), "id=" + id + " field=of-the-proxy\n");
  EXPECT_NE(id_of(server.address(), given), id);
}

TEST_F(RequestId, OfAUnixPeerIsAlwaysUsed) {
  const TemporaryFolder folder;
  ServerProcess server(example("echo"), {"--forwarded-allow-ips", "192.0.2.1", "-b",
                                         "unix:" + (folder / "app.sock")});
  EXPECT_EQ(id_of(server.address(), given), "of-the-proxy");
}

TEST_F(ForwardedFor, IsRefusedIfItContradictsItself) {
  ServerProcess server(example("echo"), {});
  EXPECT_EQ(
      ask(server.address(), get("/", {"X-Forwarded-Proto: https", "X-Forwarded-SSL: off"})).status,
      400);
}

/// What was sent of a response before it was cut, and why it was cut.
class CutResponseLine : public AccessLog {
 protected:
  static constexpr std::size_t kSize = 40'000'000;
  CutResponseLine() {
    write_file(folder / "file", "");
    std::filesystem::resize_file(folder / "file", kSize);
    Arguments arguments = with_format("%(U)s %(s)s %(B)s %(cut)s");
    arguments.insert(arguments.end(), {"--write-timeout", "0.5"});
    server = std::make_unique<ServerProcess>(
        example("echo"), arguments,
        ServerProcess::Options{.configuration = "app: {file: " + (folder / "file") + "}\n"});
  }
  /// Reads `received` bytes of the body, then calls `then`.
  template <class Then>
  void expect_cut(const std::string& reason, Then then) {
    RawClient client(server->address(), 4096);
    client.send(get("/file"));
    EXPECT_TRUE(client.receives("HTTP/1.1 200 OK\r\n"));
    then(client);
    const std::string line = lines_of(*server, 1);
    EXPECT_THAT(line, MatchesRegex("/file 200 [0-9]+ " + reason + "\n"));
    EXPECT_LT(std::stoull(line.substr(sizeof("/file 200"))), kSize);
    EXPECT_TRUE(server->logs("a response was cut reason=" + reason + " status=200 bytes_sent="));
  }

  std::unique_ptr<ServerProcess> server;
};

TEST_F(CutResponseLine, ReportsAClientThatLeaves) {
  expect_cut("client", [](RawClient& client) { client.reset(); });
}

TEST_F(CutResponseLine, ReportsAClientThatReadsNothing) {
  expect_cut("write_timeout", [](RawClient& /*client*/) {});
}

TEST_F(CutResponseLine, ReportsAFileThatWasTruncated) {
  expect_cut("file", [this](RawClient& client) {
    std::filesystem::resize_file(folder / "file", 1);
    client.discard(kSize);
  });
}

TEST_F(CutResponseLine, CountsEveryByteOfACompleteResponse) {
  RawClient client(server->address());
  client.send(get("/file"));
  client.read_head_alone();
  EXPECT_EQ(client.discard(kSize), kSize);
  EXPECT_EQ(lines_of(*server, 1), "/file 200 40000000 -\n");
  EXPECT_EQ(server->count_in_log("was cut"), 0U);
}

/// Several responses leave together, and no single line has to say what was sent.
TEST_F(CutResponseLine, TellsPipelinedResponsesApart) {
  RawClient client(server->address());
  client.send(get("/status?code=201") + get("/status?code=202") + get("/status"));
  for (const int status : {201, 202, 200}) EXPECT_EQ(client.read_response().status, status);
  EXPECT_EQ(lines_of(*server, 3), "/status 201 11 -\n/status 202 11 -\n/status 200 11 -\n");
}

}  // namespace
}  // namespace alicorn::test
