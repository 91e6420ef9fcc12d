// examples/django: Django with REST framework and simplejwt, as its users deploy it.
#include "tests/support/load.hpp"
#include "tests/support/python_bridge.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kProject = ALICORN_SOURCE_DIR "/examples/django";
const std::string kForm = "Content-Type: application/x-www-form-urlencoded";

bool has_django() {
  const std::string check = "import django, rest_framework, rest_framework_simplejwt";
  return run_command({"/usr/bin/python3", "-c", check}).ending.exit_code == 0;
}

/// A project with its tables and one user, who is a superuser.
class Django : public ::testing::Test {
 protected:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  void SetUp() override {
    if (!has_python_bridge()) GTEST_SKIP() << "no bridge to Python was built";
    if (!has_django()) GTEST_SKIP() << "no python3-django and friends";
    manage({"migrate", "--verbosity", "0"});
    manage({"shell", "-c",
            "from django.contrib.auth import get_user_model as model; "
            "model().objects.create_superuser('demo', password='secret')"});
  }
  void manage(const std::vector<std::string>& words) {
    Arguments arguments{"/usr/bin/env"};
    for (const auto& [name, value] : environment()) arguments.push_back(name + "=" + value);
    arguments.insert(arguments.end(), {"/usr/bin/python3", kProject + "/manage.py"});
    arguments.insert(arguments.end(), words.begin(), words.end());
    must(run_command(arguments, 6 * kPatience), "manage.py " + words.front());
  }
  Environment environment() const {
    return {{"SECRET_KEY", std::string(40, 'k')},
            {"DATABASE_URL", "sqlite:///" + folder / "db.sqlite3"},
            {"ALLOWED_HOSTS", "test"},
            {"DEBUG", "1"},
            {"PYTHONDONTWRITEBYTECODE", "1"}};
  }
  void start(Arguments arguments) {
    arguments.insert(arguments.end(), {"--pythonpath", kProject});
    server.emplace("mysite.wsgi:application", arguments,
                   ServerProcess::Options{.environment = environment()});
  }
  Response post(const std::string& target, const std::string& body,
                std::vector<std::string> fields = {kForm}) {
    return ask(server->address(), request("POST", target, fields, body));
  }
  /// "access" or "refresh" of an answer with tokens.
  static std::string token(const Response& response, const std::string& name) {
    const std::string before = "\"" + name + "\":\"";
    const std::size_t begin = response.body.find(before);
    EXPECT_NE(begin, std::string::npos) << response.body;
    if (begin == std::string::npos) return {};
    const std::size_t end = response.body.find('"', begin + before.size());
    return response.body.substr(begin + before.size(), end - begin - before.size());
  }
  static std::string bearer(const std::string& access) { return "Authorization: Bearer " + access; }

  const TemporaryFolder folder;
  std::optional<ServerProcess> server;
};

TEST_F(Django, GivesTokensAndTakesThem) {
  start({"--threads", "2"});
  const Response pair = post("/api/token/", "username=demo&password=secret");
  ASSERT_EQ(pair.status, 200) << pair.body;
  const std::string access = bearer(token(pair, "access"));
  const Response hello = ask(server->address(), get("/hello/", {access}));
  EXPECT_EQ(hello.body, R"({"message":"Hello, World!"})");
  EXPECT_EQ(hello.field("content-type"), "application/json");
  EXPECT_EQ(ask(server->address(), get("/hello/")).status, 401);
  const Response refreshed = post("/api/token/refresh/", "refresh=" + token(pair, "refresh"));
  EXPECT_EQ(ask(server->address(), get("/hello/", {bearer(token(refreshed, "access"))})).status,
            200);
  EXPECT_EQ(post("/api/token/refresh/", "refresh=" + token(pair, "refresh")).status, 401) << "once";
}

TEST_F(Django, HasItsAdminWithStaticFiles) {
  start({});
  RawClient client(server->address());
  const Response page = client.request(get("/admin/login/?next=/admin/"));
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr("Django administration"));
  const std::string cookie = page.field("set-cookie");
  ASSERT_THAT(cookie, StartsWith("csrftoken="));
  const std::string csrf = cookie.substr(10, cookie.find(';') - 10);
  const Response login = client.request(
      request("POST", "/admin/login/?next=/admin/", {kForm, "Cookie: csrftoken=" + csrf},
              "csrfmiddlewaretoken=" + csrf + "&username=demo&password=secret&next=/admin/"));
  EXPECT_EQ(login.status, 302) << login.body.substr(0, 500);
  EXPECT_EQ(login.field("location"), "/admin/");
  const std::string cookies = login.field("set-cookie");
  const std::size_t session = cookies.find("sessionid=");
  ASSERT_NE(session, std::string::npos) << cookies;
  const Response admin = client.request(
      get("/admin/", {"Cookie: " + cookies.substr(session, cookies.find(';', session) - session)}));
  EXPECT_THAT(admin.body, HasSubstr("Site administration"));
  const Response style = client.request(get("/static/admin/css/base.css"));
  EXPECT_EQ(style.field("content-type"), "text/css");
  EXPECT_EQ(style.field("content-length"), std::to_string(style.body.size()));
}

TEST_F(Django, TakesUploadsAndStreams) {
  start({"--limit-request-body", "100MB"});
  const std::string access =
      bearer(token(post("/api/token/", "username=demo&password=secret"), "access"));
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n" +
      std::string(20'000'000, 'x') + "\r\n--b--\r\n";
  const Response upload =
      post("/upload/", body, {access, "Content-Type: multipart/form-data; boundary=b"});
  EXPECT_EQ(upload.body, R"({"bytes":20000000})");
  RawClient client(server->address());
  client.send(get("/clock/"));
  EXPECT_TRUE(client.receives("HTTP/1.1 200 OK"));
  const Response stream = client.read_response();
  EXPECT_EQ(stream.field("transfer-encoding"), "chunked");
  EXPECT_THAT(stream.body, HasSubstr("tick 9\n"));
}

class DjangoUnderLoad : public Django, public ::testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(, DjangoUnderLoad, ::testing::Values("no-preload", "preload"),
                         [](const auto& test) {
                           return test.param == std::string("preload") ? "Preloaded" : "Alone";
                         });

/// Nothing is lost in reloads and when workers are recycled.
TEST_P(DjangoUnderLoad, LosesNothingInReloads) {
  start({"-w", "2", "--threads", "2", "--max-requests", "200", std::string("--") + GetParam()});
  const std::string access =
      bearer(token(post("/api/token/", "username=demo&password=secret"), "access"));
  RawClient client(server->address());
  for (int i = 0; i < 600; ++i) {
    if (i % 200 == 100) server->signal(SIGHUP);
    const Response hello = client.request(get("/hello/", {access}));
    ASSERT_EQ(hello.status, 200) << i << hello.problem << hello.body;
  }
}

/// Reload, fewer and more workers, recycling, an upgrade, and the stop at the end.
TEST_P(DjangoUnderLoad, LosesNothingWhateverTheOperatorDoes) {
  start({"-w", "4", "--threads", "2", "--max-requests", "200", "--pidfile", folder / "pid",
         std::string("--") + GetParam()});
  const std::string access =
      bearer(token(post("/api/token/", "username=demo&password=secret"), "access"));
  Load load(server->address(), {.clients = 12,
                                .newcomers = 2,
                                .target = "/hello/",
                                .expected_body = R"({"message":"Hello, World!"})",
                                .stop_when_refused = true,
                                .fields = {access}});
  EXPECT_TRUE(load.goes_on());
  server->signal(SIGHUP);
  EXPECT_TRUE(server->logs("workers in place", 2));
  for (const int signal : {SIGTTIN, SIGTTOU, SIGTTOU, SIGTTIN}) {
    server->signal(signal);
    EXPECT_TRUE(load.goes_on(100));
  }
  server->signal(SIGUSR2);
  EXPECT_TRUE(server->logs("gone, the new master serves"));
  EXPECT_EQ(server->wait_for_end().value_or(Ending{}).exit_code, 0);
  const pid_t successor = std::stoi(read_file(folder / "pid"));
  EXPECT_TRUE(load.goes_on(1'000));
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(server->nothing_is_left());
  EXPECT_TRUE(eventually([&] { return load.is_over(); }));
  const LoadReport report = load.stop();
  EXPECT_EQ(report.lost, 0U) << ::testing::PrintToString(report.problems);
  EXPECT_GE(server->count_in_log("max_requests"), 1U);
}

}  // namespace
}  // namespace alicorn::test
