// What an application in Python is given: the environ and wsgi.input of PEP 3333, case by case
// (tests/apps/python/cases.py).
#include "tests/support/python_bridge.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

struct EnvironCase {
  const char* name;
  std::string request;  ///< the target asks for one variable
  std::string value;    ///< as repr() shows it
};
void PrintTo(const EnvironCase& test, std::ostream* out) {
  *out << test.name;
}
std::string variable(const std::string& name, const std::vector<std::string>& fields = {}) {
  return get("/env?" + name, fields);
}

/// The application itself, and the same within wsgiref's validator.
class EnvironOfPython : public ::testing::TestWithParam<EnvironCase> {
 protected:
  static void SetUpTestSuite() {
    if (!has_python_bridge()) return;
    server = std::make_unique<ServerProcess>("cases:application",
                                             Arguments{"--pythonpath", python_apps()});
    validated = std::make_unique<ServerProcess>("cases:validated",
                                                Arguments{"--pythonpath", python_apps()});
  }
  static void TearDownTestSuite() {
    server.reset();
    validated.reset();
  }
  void SetUp() override {
    if (!has_python_bridge()) GTEST_SKIP() << "no bridge to Python was built";
  }

  static std::unique_ptr<ServerProcess> server, validated;
};
std::unique_ptr<ServerProcess> EnvironOfPython::server, EnvironOfPython::validated;

TEST_P(EnvironOfPython, IsThatOfPep3333) {
  for (const auto* each : {server.get(), validated.get()}) {
    const Response response = ask(each->address(), GetParam().request);
    EXPECT_EQ(response.status, 200) << response.problem;
    EXPECT_EQ(response.body, GetParam().value);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , EnvironOfPython,
    ::testing::Values(
        EnvironCase{"Method", variable("REQUEST_METHOD"), "'GET'"},
        EnvironCase{"MethodOfItsOwn", request("PROPFIND", "/env?REQUEST_METHOD", {}), "'PROPFIND'"},
        EnvironCase{"ScriptName", variable("SCRIPT_NAME"), "''"},
        EnvironCase{"Path", get("/env/a/b?PATH_INFO"), "'/env/a/b'"},
        EnvironCase{"PathWithEscapes", get("/env/a%20b%2Fc?PATH_INFO"), "'/env/a b/c'"},
        EnvironCase{"PathInUtf8", get("/env/%C3%BC?PATH_INFO"), "'/env/\xc3\xbc'"},
        EnvironCase{"PathWithoutEscape", get("/env/%zz%4?PATH_INFO"), "'/env/%zz%4'"},
        EnvironCase{"Query", get("/env?QUERY_STRING"), "'QUERY_STRING'"},
        EnvironCase{"RequestUri", get("/env/%20?REQUEST_URI"), "'/env/%20?REQUEST_URI'"},
        EnvironCase{"RawUri", get("/env/%20?RAW_URI"), "'/env/%20?RAW_URI'"},
        EnvironCase{"NoContentType", variable("CONTENT_TYPE"), "'(none)'"},
        EnvironCase{"ContentType", variable("CONTENT_TYPE", {"Content-Type: a/b; c=d"}),
                    "'a/b; c=d'"},
        EnvironCase{"ContentTypeIsNoField",
                    variable("HTTP_CONTENT_TYPE", {"Content-Type: text/plain"}), "'(none)'"},
        EnvironCase{"NoContentLength", variable("CONTENT_LENGTH"), "'(none)'"},
        EnvironCase{"ContentLength", request("POST", "/env?CONTENT_LENGTH", {}, "12345"), "'5'"},
        EnvironCase{"ContentLengthOfNothing",
                    request("POST", "/env?CONTENT_LENGTH", {"Content-Length: 0"}), "'0'"},
        EnvironCase{"ContentLengthOfChunks",
                    "POST /env?CONTENT_LENGTH HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                    "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                    "'5'"},
        EnvironCase{"ContentLengthIsNoField",
                    request("POST", "/env?HTTP_CONTENT_LENGTH", {}, "12345"), "'(none)'"},
        EnvironCase{"Field", variable("HTTP_X_FORWARDED_HOST", {"X-Forwarded-Host: h"}), "'h'"},
        EnvironCase{"FieldInLatin1", variable("HTTP_X_A", {"X-A: \xe4\xff"}), "'\xe4\xff'"},
        EnvironCase{"EmptyField", variable("HTTP_X_A", {"X-A:"}), "''"},
        EnvironCase{"FieldTwice", variable("HTTP_X_A", {"X-A: 1", "x-a: 2", "X-A: 3"}), "'1,2,3'"},
        EnvironCase{"CookieTwice", variable("HTTP_COOKIE", {"Cookie: a=1", "Cookie: b=2"}),
                    "'a=1; b=2'"},
        EnvironCase{"FieldWithUnderscore", variable("HTTP_X_A", {"X_A: 1"}), "'(none)'"},
        EnvironCase{"Proxy", variable("HTTP_PROXY", {"Proxy: http://evil"}), "'(none)'"},
        EnvironCase{"Host", variable("HTTP_HOST", {}), "'test'"},
        EnvironCase{"Protocol", variable("SERVER_PROTOCOL"), "'HTTP/1.1'"},
        EnvironCase{"OldProtocol", "GET /env?SERVER_PROTOCOL HTTP/1.0\r\n\r\n", "'HTTP/1.0'"},
        EnvironCase{"ServerName", variable("SERVER_NAME"), "'127.0.0.1'"},
        EnvironCase{"RemoteAddress", variable("REMOTE_ADDR"), "'127.0.0.1'"},
        EnvironCase{"RemoteAddressOfProxy",
                    variable("REMOTE_ADDR", {"X-Forwarded-For: 203.0.113.7"}), "'203.0.113.7'"},
        EnvironCase{"Scheme", variable("wsgi.url_scheme"), "'http'"},
        EnvironCase{"SchemeOfProxy", variable("wsgi.url_scheme", {"X-Forwarded-Proto: https"}),
                    "'https'"},
        EnvironCase{"Version", variable("wsgi.version"), "(1, 0)"},
        EnvironCase{"Multithread", variable("wsgi.multithread"), "False"},
        EnvironCase{"Multiprocess", variable("wsgi.multiprocess"), "True"},
        EnvironCase{"RunOnce", variable("wsgi.run_once"), "False"},
        EnvironCase{"InputTerminated", variable("wsgi.input_terminated"), "True"},
        EnvironCase{"Types", get("/types"), "True []"},
        EnvironCase{"IsTheApplicationsOwn", get("/env?HTTP_HOST"), "'test'"}),
    [](const auto& test) { return test.param.name; });

struct InputCase {
  const char* name;
  std::string plan;
  std::string body;
  std::string results;
};
void PrintTo(const InputCase& test, std::ostream* out) {
  *out << test.name;
}
class InputOfPython : public ::testing::TestWithParam<InputCase> {
 protected:
  static void SetUpTestSuite() {
    if (has_python_bridge()) {
      server = std::make_unique<ServerProcess>("cases", Arguments{"--pythonpath", python_apps()});
    }
  }
  static void TearDownTestSuite() { server.reset(); }
  void SetUp() override {
    if (!has_python_bridge()) GTEST_SKIP() << "no bridge to Python was built";
  }
  static std::unique_ptr<ServerProcess> server;
};
std::unique_ptr<ServerProcess> InputOfPython::server;

TEST_P(InputOfPython, IsAFile) {
  const Response response =
      ask(server->address(), request("POST", "/read?" + GetParam().plan, {}, GetParam().body));
  EXPECT_EQ(response.status, 200) << response.problem;
  EXPECT_EQ(response.body, GetParam().results);
}

INSTANTIATE_TEST_SUITE_P(
    , InputOfPython,
    ::testing::Values(
        InputCase{"All", "read,read", "abc", "[b'abc', b'']"},
        InputCase{"AllByNone", "read:None", "abc", "[b'abc']"},
        InputCase{"AllByMinusOne", "read:-1", "abc", "[b'abc']"},
        InputCase{"Nothing", "read:0,read", "abc", "[b'', b'abc']"},
        InputCase{"Pieces", "read:2,read:2,read:2", "abc", "[b'ab', b'c', b'']"},
        InputCase{"NoBody", "read,readline,readlines,list", "", "[b'', b'', [], []]"},
        InputCase{"Lines", "readline,readline,readline", "a\nb", "[b'a\\n', b'b', b'']"},
        InputCase{"LineWithLimit", "readline:2,readline:9,readline", "abcd\ne",
                  "[b'ab', b'cd\\n', b'e']"},
        InputCase{"LineWithLimitAtItsEnd", "readline:2,readline", "a\nb", "[b'a\\n', b'b']"},
        InputCase{"LineByNone", "readline:None", "a\nb", "[b'a\\n']"},
        InputCase{"LineOfNothing", "readline:0,readline", "a\n", "[b'', b'a\\n']"},
        InputCase{"AllLines", "readlines", "a\n\nb", "[[b'a\\n', b'\\n', b'b']]"},
        InputCase{"LinesUpToAHint", "readlines:3,readlines", "a\nb\nc\n",
                  "[[b'a\\n', b'b\\n'], [b'c\\n']]"},
        InputCase{"LinesWithoutAHint", "readlines:0", "a\nb", "[[b'a\\n', b'b']]"},
        InputCase{"Iteration", "list", "a\nb\n", "[[b'a\\n', b'b\\n']]"},
        InputCase{"Next", "next,next,next", "a\nb", "[b'a\\n', b'b', None]"},
        InputCase{"Mixed", "read:1,readline,list", "ab\nc\nd", "[b'a', b'b\\n', [b'c\\n', b'd']]"},
        InputCase{"AnyByte", "read", std::string("\0\xff\r\n", 4), "[b'\\x00\\xff\\r\\n']"}),
    [](const auto& test) { return test.param.name; });

/// Requests of one connection share their environ, as far as they are alike. A new connection for
/// each shows what is right.
class PythonEnvironOfAConnection : public ::testing::TestWithParam<bool> {};

TEST_P(PythonEnvironOfAConnection, IsThatOfItsOwnRequest) {
  if (!has_python_bridge()) GTEST_SKIP() << "no bridge to Python was built";
  const bool is_mounted = GetParam();
  ServerProcess server("cases:application",
                       {"--pythonpath", python_apps(), "--mount", is_mounted ? "/m" : "",
                        "--forwarded-prefix", "--forwarded-allow-ips", "*"});
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same each time
  const auto one_of = [&](std::initializer_list<const char*> texts) {
    return std::string(std::data(texts)[random() % texts.size()]);
  };
  std::mt19937::result_type shape = 0;
  const auto make_request = [&] {
    // Half of them differ from the one before only in one value, or in none.
    if (random() % 16 == 0) shape = random();
    std::vector<std::string> fields{
        "X-Forwarded-For: " + one_of({"192.0.2.1:77", "192.0.2.1:78", "192.0.2.2:77", "192.0.2.1"}),
        "Cookie: " + one_of({"a=1", "a=2", "a=1; b=2"})};
    const auto add = [&](int bit, const char* name, std::initializer_list<const char*> texts) {
      if ((shape >> bit & 1U) != 0) fields.push_back(name + one_of(texts));
    };
    add(0, "X-Forwarded-Proto: ", {"http", "https"});
    add(1, "X-Forwarded-Prefix: ", {"/p", "/q", "no path", "/m"});
    add(2, "Content-Type: ", {"a/b", "c/d"});
    add(3, "X-Same: ", {"1", "2"});
    if ((shape & 0x30U) == 0) add(3, "X-Same: ", {"1", "2"});
    const std::string mount = one_of({"", "/m"});  // also where it is not taken away
    const std::string body = (shape & 0x40U) != 0 ? "" : one_of({"a", "b", "longer"});
    const std::string target = mount + "/whole" + one_of({"", "/a%20b", "?q=1", "?q=2"});
    return request(one_of({"GET", "POST"}), target, fields, body);
  };
  RawClient kept(server.address());
  for (int i = 0; i < 1000; ++i) {
    const std::string text = make_request();
    const Response expected = ask(server.address(), text);
    ASSERT_EQ(expected.status, 200) << expected.body;
    ASSERT_EQ(kept.request(text).body, expected.body) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(, PythonEnvironOfAConnection, ::testing::Bool());

}  // namespace
}  // namespace alicorn::test
