// WSGI applications through the bridge to Python: PEP 3333 case by case (tests/apps/python).
#include "tests/support/python_bridge.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;

/// What may stand in a target as it is stays so that the tests can be read.
std::string encoded(const std::string& target) {
  std::string text;
  for (const char c : target) {
    const bool is_plain = c > ' ' && c < '\x7f' && c != '#' && c != '"' && c != '<' && c != '>' &&
                          c != '[' && c != ']' && c != '\\' && c != '{' && c != '}';
    if (is_plain) {
      text.push_back(c);
      continue;
    }
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    text.append({'%', kDigits[byte / 16], kDigits[byte % 16]});
  }
  return text;
}

/// One server for all the cases of a suite: a start takes longer than a case.
class Python : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_python_bridge()) GTEST_SKIP() << "no bridge to Python was built";
  }
  void start(const std::string& application = "cases:application", Arguments arguments = {}) {
    arguments.insert(arguments.end(), {"--pythonpath", python_apps()});
    server.emplace(application, arguments);
  }
  Response ask_for(const std::string& target) {
    return ask(server->address(), get(encoded(target)));
  }

  std::optional<ServerProcess> server;
};

TEST_F(Python, InputTakesOneNumber) {
  start();
  EXPECT_EQ(ask_for("/misread").body, "['TypeError', 'TypeError', 'TypeError']");
}

TEST_F(Python, WhatOutlivesARequestSaysSo) {
  start();
  EXPECT_EQ(ask_for("/keep").body, "kept");
  EXPECT_EQ(ask_for("/use-kept").body,
            "['the request whose body this was is over', 'the request is over']");
  EXPECT_TRUE(server->logs("after its request"));
}

TEST_F(Python, EnvironMayBeChanged) {
  start();
  RawClient client(server->address());
  EXPECT_EQ(client.request(get("/change")).body, "changed");
  EXPECT_EQ(client.request(get("/env?HTTP_HOST")).body, "'test'");
}

struct ResponseCase {
  const char* name;
  std::string target;
  int status;
  std::string body;
  std::string length{};  ///< the Content-Length; "": chunked
};
void PrintTo(const ResponseCase& test, std::ostream* out) {
  *out << test.name;
}
class ResponseOfPython : public ::testing::TestWithParam<ResponseCase> {
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
std::unique_ptr<ServerProcess> ResponseOfPython::server, ResponseOfPython::validated;

TEST_P(ResponseOfPython, IsWhatTheApplicationSaid) {
  const ResponseCase& test = GetParam();
  const Response response = ask(server->address(), get(encoded(test.target)));
  EXPECT_EQ(response.status, test.status) << response.problem;
  EXPECT_EQ(response.body, test.body);
  EXPECT_EQ(response.field("content-length"), test.length);
}

TEST_P(ResponseOfPython, IsTheSameWithinTheValidator) {
  const ResponseCase& test = GetParam();
  const Response response = ask(validated->address(), get(encoded(test.target)));
  EXPECT_EQ(response.status, test.status) << response.problem;
  EXPECT_EQ(response.body, test.body);
}

INSTANTIATE_TEST_SUITE_P(
    , ResponseOfPython,
    ::testing::Values(
        ResponseCase{"Several", "/several", 200, "one, two, three", "15"},
        ResponseCase{"ATuple", "/a-tuple", 200, "one, two", "8"},
        ResponseCase{"Nothing", "/nothing", 200, "", "0"},
        ResponseCase{"Generator", "/generator", 200, "piece 0\npiece 1\npiece 2\n"},
        ResponseCase{"LateStart", "/late-start", 201, "begun late"},
        ResponseCase{"OneSized", "/one-sized", 200, "its length is known", "19"},
        ResponseCase{"TwoSized", "/two-sized", 200, "its length is not"},
        ResponseCase{"SaysOne", "/says-one", 200, "not one"},
        ResponseCase{"Gzip", "/zipped?gzip", 200, "what was meant"},
        ResponseCase{"Bz2", "/zipped?bz2", 200, "what was meant"},
        ResponseCase{"Lzma", "/zipped?lzma", 200, "what was meant"},
        ResponseCase{"BufferedGzip", "/zipped?buffered", 200, "what was meant"},
        ResponseCase{"FileOfAProxy", "/named-file?proxy", 200, "what was meant", "14"},
        ResponseCase{"TemporaryFile", "/named-file?temporary", 200, "what was meant", "14"},
        ResponseCase{"NamedFile", "/named-file", 200, "what was meant", "14"},
        ResponseCase{"Write", "/with-write", 200, "one two three"},
        ResponseCase{"Replaced", "/replaced", 503, "the error page", "14"},
        ResponseCase{"AsSaid", "/as-said", 200, "12345678", "8"},
        ResponseCase{"LargePieces", "/large-pieces", 200,
                     std::string(50'000, 'x') + std::string(50'000, 'y'), "100000"},
        ResponseCase{"Large", "/large?20000", 200, std::string(20'000, 'x'), "20000"},
        ResponseCase{"VeryLarge", "/large?3000000", 200, std::string(3'000'000, 'x'), "3000000"},
        ResponseCase{"File", "/a-file?0", 200, "0123456789", "10"},
        ResponseCase{"RestOfAFile", "/a-file?4", 200, "456789", "6"},
        ResponseCase{"PartOfAFile", "/a-file?4,3", 200, "456", "3"},
        ResponseCase{"NoFile", "/no-file", 200, "0123456789"},
        ResponseCase{"Reason", "/head?('404 Nowhere', [('Content-Type', 'a/b')])", 404, "sent",
                     "4"}),
    [](const auto& test) { return test.param.name; });

/// The response, and what the log says about the failure.
struct FailureCase {
  const char* name;
  std::string target;
  std::string logged;
  bool is_begun = false;
};
void PrintTo(const FailureCase& test, std::ostream* out) {
  *out << test.name;
}
class FailureOfPython : public Python, public ::testing::WithParamInterface<FailureCase> {};

TEST_P(FailureOfPython, IsLoggedAndAnsweredOrCut) {
  start();
  const Response response = ask_for(GetParam().target);
  // What was written may not have left yet.
  const bool is_cut = GetParam().is_begun && response.head.starts_with("HTTP/1.1 200 ");
  EXPECT_EQ(response.status, is_cut ? 0 : 500) << response.head;
  EXPECT_TRUE(server->logs(GetParam().logged));
  EXPECT_EQ(ask_for("/nothing").status, 200) << "goes on";
}

INSTANTIATE_TEST_SUITE_P(
    , FailureOfPython,
    ::testing::Values(
        FailureCase{"Exception", "/fails", "ValueError: on purpose, with an \xc3\xbc"},
        FailureCase{"ExceptionHasItsTraceback", "/fails", "Traceback (most recent call last):"},
        FailureCase{"ExceptionInTheMiddle", "/fails-begun", "ValueError: after the head", true},
        FailureCase{"Exit", "/exits", "SystemExit: 3"},
        FailureCase{"NotStarted", "/silent", "did not call start_response"},
        FailureCase{"StartedTwice", "/started-twice", "called a second time, without exc_info"},
        FailureCase{"ReplacedTooLate", "/replaced-too-late", "too late for an error page", true},
        FailureCase{"ReplacedWithoutReason", "/replaced-without-reason", "SystemError", true},
        FailureCase{"None", "/returns-none", "'NoneType' object is not iterable"},
        FailureCase{"Text", "/returns-text", "must be bytes, not str"},
        FailureCase{"Status", "/head?(200, [])", "the status must be a str"},
        FailureCase{"StatusOfBytes", "/head?(b'200 OK', [])", "the status must be a str"},
        FailureCase{"StatusOfLetters", "/head?('OK', [])", "three digits from 200 to 599"},
        FailureCase{"StatusTooLow", "/head?('100 Continue', [])", "three digits from 200 to 599"},
        FailureCase{"StatusWithALine", "/head?('200 OK\\r\\nX-A: 1', [])", "three digits"},
        FailureCase{"HeadersInATuple", "/head?('200 OK', ())", "the headers must be a list"},
        FailureCase{"HeaderInAList", "/head?('200 OK', [['X-A', '1']])", "a tuple of two"},
        FailureCase{"HeaderOfBytes", "/head?('200 OK', [(b'X-A', '1')])", "a tuple of two"},
        FailureCase{"HeaderBeyondLatin1", "/head?('200 OK', [('X-A', '\\u20ac')])", "Latin-1"},
        FailureCase{"HeaderWithALine", "/head?('200 OK', [('X-A', '1\\r\\nX-B: 2')])", "forbids"},
        FailureCase{"HeaderWithAZero", "/head?('200 OK', [('X-A', '1\\0')])", "forbids"},
        FailureCase{"HeaderWithABadName", "/head?('200 OK', [('X A', '1')])", "forbids"},
        FailureCase{"ContentLengthOfLetters", "/head?('200 OK', [('Content-Length', 'a')])",
                    "no Content-Length"}),
    [](const auto& test) { return test.param.name; });

TEST_F(Python, HopByHopFieldsAreTheServers) {
  start();
  const Response response = ask_for(
      "/head?('200 OK', [('Connection', 'close'), ('Transfer-Encoding', 'x'), ('X-A', '1')])");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.field("connection"), "");
  EXPECT_EQ(response.field("transfer-encoding"), "");
  EXPECT_EQ(response.field("x-a"), "1");
}

TEST_F(Python, ContentLengthIsKept) {
  start();
  EXPECT_EQ(ask_for("/too-much").body, "1234");
  const Response cut = ask_for("/too-little");
  EXPECT_EQ(cut.status, 500) << "nothing has left yet";
  EXPECT_EQ(ask_for("/far-too-much?a").body, "piec");
  EXPECT_EQ(ask_for("/count-of?a").body, "1") << "no piece is asked for that nobody gets";
  EXPECT_EQ(ask_for("/was-closed?a").body, "1");
  EXPECT_EQ(server->count_in_log("Content-Length"), 3U) << server->log();
}

/// Flask, Django and others take the body from an answer to HEAD, but leave the headers.
TEST_F(Python, HeadSaysNothingOfALengthThatIsNotKnown) {
  start();
  RawClient client(server->address());
  client.send(request("HEAD", "/nothing", {}));
  EXPECT_EQ(client.read_response(To::kHead).field("content-length"), "");
  client.send(request("HEAD", encoded("/head?('200 OK', [('Content-Length', '15')])"), {}));
  EXPECT_EQ(client.read_response(To::kHead).field("content-length"), "15");
  client.send(request("HEAD", encoded("/stripped?15"), {}));
  EXPECT_EQ(client.read_response(To::kHead).field("content-length"), "15");
  EXPECT_EQ(client.request(get("/nothing")).field("content-length"), "0");
}

TEST_F(Python, HeadAndStatusesWithoutABody) {
  start();
  RawClient client(server->address());
  client.send(request("HEAD", "/several", {}));
  const Response head = client.read_response(To::kHead);
  EXPECT_EQ(head.field("content-length"), "15");
  EXPECT_EQ(client.request(get(encoded("/head?('204 No Content', [])"))).body, "");
  EXPECT_EQ(client.request(get(encoded("/head?('304 Not Modified', [])"))).body, "");
  client.send(request("HEAD", "/generator", {}));
  EXPECT_EQ(client.read_response(To::kHead).status, 200);
  EXPECT_EQ(client.request(get("/nothing")).status, 200) << "on the same connection";
}

TEST_F(Python, IterablesAreClosedHoweverTheyEnd) {
  start();
  EXPECT_EQ(ask_for("/closes?whole").body, "ab");
  EXPECT_EQ(ask_for("/closes-after-failure?failed").status, 0);
  EXPECT_EQ(ask_for("/closes-unstarted?unstarted").status, 500);
  EXPECT_EQ(ask_for("/wrapper-closes?wrapped").body, "0123456789");
  RawClient leaves(server->address());
  leaves.send(get("/endless?left"));
  EXPECT_TRUE(leaves.receives("HTTP/1.1 200"));
  leaves.reset();
  for (const std::string name : {"whole", "failed", "unstarted", "wrapped", "left"}) {
    EXPECT_TRUE(eventually([&] { return ask_for("/was-closed?" + name).body == "1"; })) << name;
  }
}

TEST_F(Python, ErrorsGoToTheLog) {
  start();
  EXPECT_EQ(ask_for("/errors").body, "logged utf-8 False");
  EXPECT_TRUE(server->logs("endlessendless"));
  for (const char* line : {"a line for the log request_id=", "half a line request_id=",
                           "two \xc3\xbc request_id=", "not endedprinted request_id="}) {
    EXPECT_TRUE(server->logs(line)) << line << server->log();
  }
}

/// Python's own threads: what an application keeps for each of them stays.
TEST_F(Python, ThreadsStay) {
  start("cases:application", {"--threads", "4"});
  std::set<std::string> threads;
  std::vector<std::string> answers(40);
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      RawClient client(server->address());
      for (std::size_t j = 0; j < 5; ++j) answers[5 * i + j] = client.request(get("/thread")).body;
    });
  }
  for (std::thread& client : clients) client.join();
  int served = 0;
  for (const std::string& answer : answers) {
    std::istringstream words(answer);
    std::string process, thread;
    int count = 0;
    words >> process >> thread >> count;
    served = std::max(served, count);
    threads.insert(thread);
  }
  EXPECT_LE(threads.size(), 4U);
  EXPECT_GE(threads.size(), 2U);
  EXPECT_GE(served, 40 / 4);
  EXPECT_EQ(ask_for("/env?wsgi.multithread").body, "True");
}

/// A request that computes does not keep those of other threads from being read and answered.
TEST_F(Python, OtherThreadsGoOnBesideOneThatComputes) {
  start("cases:application", {"--threads", "2"});
  RawClient spins(server->address());
  spins.send(get("/spins?1"));
  EXPECT_EQ(ask_for("/nothing").status, 200);
  EXPECT_EQ(spins.read_response().body, "spun");
}

TEST_F(Python, SaysItsReason) {
  start();
  EXPECT_THAT(ask_for("/head?('404 Nowhere', [])").head, HasSubstr("HTTP/1.1 404 Nowhere\r\n"));
  EXPECT_THAT(ask_for("/head?('200 Fine', [])").head, HasSubstr("HTTP/1.1 200 Fine\r\n"));
  EXPECT_THAT(ask_for("/head?('404', [])").head, HasSubstr("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(ask_for("/head?('404 ' + 'x' * 200, [])").head, HasSubstr("404 Not Found\r\n"));
}

TEST_F(Python, IsToldWhereInASiteItIs) {
  start("cases:application", {"--mount", "/a%20b"});
  EXPECT_EQ(ask_for("/a%20b/env?SCRIPT_NAME").body, "'/a b'");
  EXPECT_EQ(ask_for("/a%20b/env?PATH_INFO").body, "'/env'");
}

TEST_F(Python, IsFoundByItsName) {
  for (const auto& [name, body] : {std::pair{"cases", "''"}, std::pair{"cases:application", "''"},
                                   std::pair{"cases:nested.application", "''"},
                                   std::pair{"cases:create()", "made by a factory"},
                                   std::pair{"cases:create('with a word')", "with a word"}}) {
    start(name);
    EXPECT_EQ(ask_for("/env?SCRIPT_NAME").body, body) << name;
    EXPECT_TRUE(server->logs("app " + std::string(name)));
    server.reset();
  }
}

TEST_F(Python, ThatCannotBeLoadedIsShownAsPythonDoes) {
  for (const auto& [name, reason] :
       {std::pair{"broken", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"},
        std::pair{"cases:nowhere", "AttributeError: module 'cases' has no attribute 'nowhere'"},
        std::pair{"cases:not_callable", "TypeError: not_callable in module cases is not callable"},
        std::pair{"no_such.module:app", "ModuleNotFoundError: No module named 'no_such'"}}) {
    const CommandResult result =
        run_server({"-b", "127.0.0.1:0", "--pythonpath", python_apps(), "--user", "root", name});
    EXPECT_EQ(result.ending.exit_code, 3) << name << result.output;
    EXPECT_THAT(result.output, HasSubstr(reason));
  }
  const CommandResult broken =
      run_server({"-b", "127.0.0.1:0", "--pythonpath", python_apps(), "--user", "root", "broken"});
  EXPECT_THAT(broken.output, HasSubstr("Traceback (most recent call last):"));
  EXPECT_THAT(broken.output, HasSubstr("import no_such_module_anywhere"));
}

TEST_F(Python, IsCheckedWithoutRunningIt) {
  const CommandResult found = run_server({"check", "broken:app", "--pythonpath", python_apps()});
  EXPECT_EQ(found.ending.exit_code, 0);
  EXPECT_THAT(found.output, HasSubstr("module:    " + python_apps() + "/broken.py\n"));
  EXPECT_THAT(found.output, HasSubstr("lib/alicorn/python3."));
  EXPECT_THAT(found.output, HasSubstr("this server can load it\n"));
  const CommandResult missing =
      run_server({"check", "no_such.module", "--pythonpath", python_apps()});
  EXPECT_EQ(missing.ending.exit_code, 4);
  EXPECT_THAT(missing.output, HasSubstr("error: not found; searched"));
  EXPECT_THAT(missing.output, HasSubstr(python_apps()));
}

TEST_F(Python, HasAVirtualEnvironmentOfAVersionWithABridge) {
  const TemporaryFolder folder;
  const CommandResult none =
      run_server({"--check-config", "--venv", folder / "missing", "cases:application"});
  EXPECT_EQ(none.ending.exit_code, 2);
  EXPECT_THAT(none.output, HasSubstr("is no virtual environment"));
  write_file(folder / "pyvenv.cfg", "home = /usr/bin\nversion = 2.7.18\n");
  const CommandResult old =
      run_server({"--check-config", "--venv", folder / "", "cases:application"});
  EXPECT_EQ(old.ending.exit_code, 2);
  EXPECT_THAT(old.output, HasSubstr("is of Python 2.7, but there is a bridge only to 3."));
}

bool has_module(const std::string& name) {
  return run_command({"/usr/bin/python3", "-c", "import " + name}).ending.exit_code == 0;
}
/// A form with a field and a file of 300 kB.
std::string form() {
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda\r\n--b\r\n"
      "Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n" +
      std::string(300'000, 'x') + "\r\n--b--\r\n";
  return request("POST", "/form",
                 {"Content-Type: multipart/form-data; boundary=b", "X-Forwarded-Proto: https",
                  "X-Forwarded-For: 203.0.113.7"},
                 body);
}

TEST_F(Python, FindsModulesOfItsVirtualEnvironment) {
  const TemporaryFolder folder;
  const CommandResult made =
      run_command({"/usr/bin/python3", "-m", "venv", "--without-pip", folder / "venv"});
  if (made.ending.exit_code != 0) GTEST_SKIP() << made.output;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "venv/lib")) {
    write_file(entry.path() / "site-packages/only_here.py", "import sys\nprefix = sys.prefix\n");
  }
  write_file(folder / "uses.py",
             "import only_here\ndef application(environ, start_response):\n"
             "    start_response('200 OK', [])\n    return [only_here.prefix.encode()]\n");
  server.emplace("uses", Arguments{"--venv", folder / "venv", "--pythonpath", folder / ""});
  EXPECT_EQ(ask_for("/").body, folder / "venv");
}

TEST_F(Python, ServesFlask) {
  if (!has_module("flask")) GTEST_SKIP() << "no python3-flask";
  start("with_flask", {"--threads", "2"});
  EXPECT_EQ(ask_for("/hello/Ada%20L").body, "Hello, Ada L!");
  EXPECT_EQ(ask(server->address(), form()).body,
            "{\"client\":\"203.0.113.7\",\"name\":\"Ada\",\"secure\":true,\"size\":300000,"
            "\"url\":\"https://test/form\"}\n");
  const Response json = ask(
      server->address(), request("POST", "/json", {"Content-Type: application/json"}, "[1,null]"));
  EXPECT_EQ(json.body, "[1,null]\n");
  EXPECT_EQ(ask_for("/stream").body, "0\n1\n2\n");
  EXPECT_EQ(ask_for("/missing").status, 404);
  EXPECT_EQ(ask_for("/fails").status, 500);
  EXPECT_TRUE(server->logs("RuntimeError: in Flask"));
}

TEST_F(Python, ServesBottle) {
  if (!has_module("bottle")) GTEST_SKIP() << "no python3-bottle";
  start("with_bottle");
  const Response hello = ask_for("/hello/Ada");
  EXPECT_EQ(hello.body, "Hello, Ada!");
  EXPECT_EQ(hello.field("set-cookie"), "seen=yes");
  EXPECT_EQ(ask(server->address(), form()).body, R"({"name": "Ada", "size": 300000})");
  const Response file = ask_for("/file");
  EXPECT_THAT(file.body, HasSubstr("import bottle"));
  EXPECT_EQ(file.field("content-length"), std::to_string(file.body.size()));
}

/// "IMPORTER PROCESS RANDOM" of the workers that answer.
struct Imports {
  std::set<std::string> importers, processes, numbers;
};
Imports imports_of(const Address& address, std::size_t workers) {
  Imports seen;
  EXPECT_TRUE(eventually([&] {
    std::istringstream words(ask(address, get("/imported", {"Connection: close"})).body);
    std::string importer, process, number;
    words >> importer >> process >> number;
    seen.importers.insert(importer);
    if (seen.processes.insert(process).second) seen.numbers.insert(number);
    return seen.processes.size() == workers;
  }));
  return seen;
}

TEST_F(Python, IsImportedOnceForAllWorkersThatAreForkedFromThere) {
  start("cases:application", {"-w", "2", "--preload"});
  const Imports first = imports_of(server->address(), 2);
  EXPECT_EQ(first.importers.size(), 1U);
  EXPECT_EQ(first.processes.count(*first.importers.begin()), 0U) << "no worker";
  EXPECT_EQ(first.numbers.size(), 2U) << "each worker has its own random numbers";
  server->signal(SIGHUP);
  EXPECT_TRUE(server->logs("workers in place", 2));
  const Imports second = imports_of(server->address(), 2);
  EXPECT_EQ(second.importers.size(), 1U);
  EXPECT_NE(second.importers, first.importers);
  ::kill(std::stoi(*second.processes.begin()), SIGKILL);
  EXPECT_TRUE(server->logs("killed by SIGKILL"));
  EXPECT_EQ(imports_of(server->address(), 2).importers, second.importers);
}

TEST_F(Python, ThatCannotBePreloadedDoesNotStart) {
  const CommandResult result = run_server({"-b", "127.0.0.1:0", "--preload", "--pythonpath",
                                           python_apps(), "--user", "root", "broken"});
  EXPECT_EQ(result.ending.exit_code, 3) << result.output;
  EXPECT_THAT(result.output, HasSubstr("No module named 'no_such_module_anywhere'"));
}

TEST_F(Python, IsReloaded) {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& version) {
    write_file(folder / "changing.py",
               "def application(environ, start_response):\n"
               "    start_response('200 OK', [])\n    return [b'" +
                   version + "']\n");
  };
  write("first");
  server.emplace("changing", Arguments{"--pythonpath", folder / ""});
  EXPECT_EQ(ask_for("/").body, "first");
  write("the second");
  server->signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return ask_for("/").body == "the second"; }));
  write_file(folder / "changing.py", "import no_such_module\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(server->logs("No module named 'no_such_module'"));
  EXPECT_TRUE(server->logs("the old workers go on serving"));
  EXPECT_EQ(ask_for("/").body, "the second");
}

TEST_F(Python, IsReloadedWhenAFileChanges) {
  const TemporaryFolder folder;
  const auto write = [&](const std::string& version) {
    write_file(folder / "parts/part.py", "version = b'" + version + "'\n");
  };
  std::filesystem::create_directories(folder / "parts");
  write("first");
  write_file(folder / "changing.py",
             "from parts.part import version\ndef application(environ, start_response):\n"
             "    start_response('200 OK', [])\n    return [version]\n");
  server.emplace("changing", Arguments{"--pythonpath", folder.path(), "--reload"});
  EXPECT_EQ(ask_for("/").body, "first");
  write("the second");
  EXPECT_TRUE(eventually([&] { return ask_for("/").body == "the second"; }));
  EXPECT_TRUE(server->logs(folder / "parts/part.py has changed: reloading"));
  write_file(folder / "parts/part.py", "version = \n");
  EXPECT_TRUE(server->logs("SyntaxError"));
  EXPECT_EQ(ask_for("/").body, "the second");
  write("the third");
  EXPECT_TRUE(eventually([&] { return ask_for("/").body == "the third"; }));
}

}  // namespace
}  // namespace alicorn::test
