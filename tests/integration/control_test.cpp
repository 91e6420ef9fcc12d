// alicorn ctl: what a running server reports, what it can be told to do, and that no client of the
// control socket holds it up.
#include "tests/support/installed_app.hpp"
#include "tests/support/load.hpp"
#include "tests/support/open_sockets.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ControlledServer : public ::testing::Test {
 protected:
  /// The control socket, beside the server's files.
  std::string socket() const { return server.file("ctl"); }
  CommandResult ctl(const Arguments& words, milliseconds limit = kPatience) const {
    Arguments all{ALICORN_BINARY, "ctl", "--socket", socket()};
    all.insert(all.end(), words.begin(), words.end());
    return run_command(all, limit);
  }
  /// The output of a command that must succeed.
  std::string asked(const Arguments& words) const {
    const CommandResult result = ctl(words);
    EXPECT_EQ(result.ending.exit_code, 0) << result.output;
    return result.output;
  }
  /// The output of a command that must fail.
  std::string refused(const Arguments& words) const {
    const CommandResult result = ctl(words);
    EXPECT_EQ(result.ending.exit_code, 1) << result.output;
    return result.output;
  }
  Address control_address() const { return Address::parse("unix:" + socket()).value(); }
  bool status_has(const std::string& text) const {
    return eventually([&] { return asked({"--json", "status"}).find(text) != std::string::npos; });
  }

  InstalledApp app{example("hello_c")};
  ServerProcess server{
      app.path(), {"-w", "2", "--control-socket", "ctl"}, {.configuration = "boot_timeout: 1\n"}};
};

TEST_F(ControlledServer, ReportsItsStatus) {
  EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  EXPECT_THAT(asked({"status"}),
              AllOf(HasSubstr("serving, up"), HasSubstr("2 wanted, 2 ready"),
                    HasSubstr("1 answered, 0 in flight"), HasSubstr(server.address().text())));
  EXPECT_THAT(asked({"--json", "status"}), HasSubstr("{\"ok\":true,\"version\":"));
  for (const pid_t worker : server.workers()) {
    EXPECT_THAT(asked({"workers"}), HasSubstr(std::to_string(worker)));
  }
}

TEST_F(ControlledServer, CountsTheRequestsOfWorkersThatAreGone) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(server.address(), get("/")).status, 200);
  asked({"reload", "--wait"});
  EXPECT_THAT(asked({"--json", "status"}),
              AllOf(HasSubstr("\"answered\":3,"), HasSubstr("\"deaths\":0")));
  ::kill(server.workers().front(), SIGKILL);
  EXPECT_TRUE(status_has("\"ready\":2,\"starting\":0,\"leaving\":0},"));
  EXPECT_TRUE(status_has("\"deaths\":1"));
}

TEST_F(ControlledServer, ClosesItsSocketInWorkersOfTheReloadThatRecreatesIt) {
  const std::set<std::string> at_first = open_sockets(server.pid());
  // Listeners and mailboxes have been there from the start.
  const auto later_ones_in = [&](pid_t child) {
    const std::set<std::string> masters = open_sockets(server.pid());
    std::set<std::string> shared = open_sockets(child);
    std::erase_if(shared, [&](const std::string& one) {
      return !masters.contains(one) || at_first.contains(one);
    });
    return shared;
  };
  for (const std::string preload : {"false", "true"}) {
    std::ofstream(server.file("alicorn.yaml")) << "boot_timeout: 1\npreload: " + preload + "\n";
    // A new socket is made if the file of the old one is gone.
    std::filesystem::rename(socket(), server.file("gone"));
    const CommandResult result =
        run_command({ALICORN_BINARY, "ctl", "--socket", server.file("gone"), "reload", "--wait"});
    ASSERT_EQ(result.ending.exit_code, 0) << result.output;
    for (const pid_t child : server.workers()) EXPECT_THAT(later_ones_in(child), IsEmpty());
    asked({"status"});
  }
}

TEST_F(ControlledServer, ReloadsAndReportsTheOutcome) {
  const auto before = server.workers();
  EXPECT_THAT(asked({"reload", "--wait"}), HasSubstr("generation 2 serves alone"));
  for (const pid_t worker : before) EXPECT_FALSE(is_alive(worker));

  std::ofstream(server.file("alicorn.yaml")) << "server_heder: second\n";
  EXPECT_THAT(refused({"reload"}), AllOf(HasSubstr("refused"), HasSubstr("server_header")));
  EXPECT_THAT(asked({"status"}), HasSubstr("refused at 2"));
}

TEST_F(ControlledServer, ReportsSettingsThatAReloadDoesNotChange) {
  std::ofstream(server.file("alicorn.yaml")) << "proc_name: other\npidfile: other.pid\n";
  EXPECT_THAT(asked({"reload", "--wait"}),
              HasSubstr("generation 2 serves alone\n"
                        "note: pidfile is changed, and keeps its value until a restart\n"
                        "note: proc_name is changed, and keeps its value until a restart\n"));
  EXPECT_THAT(asked({"--json", "reload", "--wait"}),
              HasSubstr(R"("notes":["pidfile is changed, and keeps its value until a restart",)"));
}

TEST_F(ControlledServer, MarksATruncatedLastFailure) {
  const std::string name = "unknown_" + std::string(300, 'x');
  std::ofstream(server.file("alicorn.yaml")) << name << ": 1\n";
  EXPECT_THAT(refused({"reload"}), HasSubstr(name));
  EXPECT_THAT(asked({"--json", "status"}), HasSubstr("xxx...\",\"log\""));
}

/// Failing reloads under load: a missing symbol, a crash, a hang; then a good one.
TEST_F(ControlledServer, ReportsWhyAReloadIsAbandonedAndKeepsServing) {
  Load load(server.address(), {});
  const auto before = server.workers();
  const auto reload_of = [&](const std::string& library) {
    app.replace_by(library);
    return refused({"reload", "--wait"});
  };
  EXPECT_THAT(reload_of(test_app("missing_library")),
              AllOf(HasSubstr("abandoned"), HasSubstr("nowhere_to_be_found")));
  EXPECT_THAT(reload_of(test_app("exit_init")), HasSubstr("exited with code 7"));
  EXPECT_THAT(reload_of(test_app("crash_init")), HasSubstr("was killed by SIG"));
  EXPECT_THAT(reload_of(test_app("hang_init")), HasSubstr("not ready after boot_timeout"));
  EXPECT_THAT(server.log(), HasSubstr("is not ready after boot_timeout: SIGABRT; its threads: "))
      << "where it hangs";
  EXPECT_EQ(server.workers(), before);
  EXPECT_THAT(asked({"status"}), HasSubstr("abandoned at 2"));
  app.replace_by(example("hello_c"));
  EXPECT_THAT(asked({"reload", "--wait"}), HasSubstr("serves alone"));
  EXPECT_TRUE(load.goes_on());
  const LoadReport report = load.stop();
  EXPECT_EQ(report.lost, 0U) << ::testing::PrintToString(report.problems);
  EXPECT_EQ(report.refused, 0U);
}

TEST_F(ControlledServer, TellsAWaitingClientThatTheServerStops) {
  app.replace_by(test_app("hang_init"));
  std::ofstream(server.file("alicorn.yaml")) << "boot_timeout: 60\ngraceful_timeout: 100ms\n";
  RawClient first(control_address());
  first.send("reload --wait\n");
  EXPECT_TRUE(status_has("\"state\":\"reloading\""));
  RawClient second(control_address());  // a client that connects and says nothing is closed
  second.send("reload --wait\n");
  EXPECT_THAT(first.read_to_end(), HasSubstr("superseded"));
  server.signal(SIGTERM);
  EXPECT_THAT(second.read_to_end(), HasSubstr("the server stops"));
  EXPECT_TRUE(server.wait_for_end());
}

TEST_F(ControlledServer, TellsAWaitingClientThatANewMasterTookOver) {
  app.replace_by(test_app("unready"));
  std::ofstream(server.file("alicorn.yaml")) << "boot_timeout: 600\n";
  RawClient waiting(control_address());
  waiting.send("reload --wait\n");
  EXPECT_TRUE(server.logs("unready: not yet"));
  app.replace_by(example("hello_c"));
  server.signal(SIGUSR2);
  EXPECT_THAT(waiting.read_to_end(), HasSubstr("given up: a new master has taken over"));
  EXPECT_TRUE(server.wait_for_end());
  ::kill(-server.pid(), SIGTERM);
  EXPECT_TRUE(server.nothing_is_left());
}

TEST_F(ControlledServer, ScalesAndRecycles) {
  RawClient connected(control_address());
  connected.send("sta");
  EXPECT_EQ(asked({"scale", "3"}), "3 workers wanted\n");
  EXPECT_TRUE(status_has("\"ready\":3"));
  connected.send("tus\n");
  const MonotonicTime sent = now();
  EXPECT_THAT(connected.read_to_end(), HasSubstr("\"ok\":true"));
  EXPECT_LT(now() - sent, kPatience) << "a new worker keeps the connection open";
  asked({"reload", "--wait"});
  EXPECT_EQ(server.workers().size(), 3U);
  const std::string first = asked({"--json", "workers"});
  const std::string slot = first.substr(first.find("\"slot\":") + 7, 1);
  EXPECT_THAT(asked({"recycle", slot}), HasSubstr("leaves when its replacement is ready"));
  EXPECT_TRUE(server.logs("is to be replaced, and its replacement is ready"));
  EXPECT_TRUE(status_has("\"ready\":3,\"starting\":0,\"leaving\":0"));
  EXPECT_THAT(refused({"recycle", "77"}), HasSubstr("there is no worker 77"));
}

TEST_F(ControlledServer, ChangesTheLogLevelEverywhereUntilAReload) {
  asked({"log-level", "debug"});
  EXPECT_THAT(asked({"status"}), HasSubstr("level debug"));
  asked({"scale", "3"});
  EXPECT_TRUE(server.logs("[debug] master: worker 3"));
  asked({"reload", "--wait"});
  EXPECT_THAT(asked({"status"}), HasSubstr("level info"));
}

TEST(ControlledApp, FollowsTheLogLevel) {
  ServerProcess server(test_app("lifecycle"), {"-w", "1", "--control-socket", "ctl"});
  const auto logs_its_requests = [&] {
    EXPECT_EQ(ask(server.address(), get("/")).status, 200);
    return server.count_in_log("lifecycle: on_request") != 0;
  };
  EXPECT_FALSE(logs_its_requests());
  const Arguments ctl{ALICORN_BINARY, "ctl", "--socket", server.file("ctl"), "log-level", "debug"};
  EXPECT_EQ(run_command(ctl).ending.exit_code, 0);
  EXPECT_TRUE(eventually(logs_its_requests));
}

TEST_F(ControlledServer, ReopensItsLogsAndStops) {
  asked({"reopen"});
  EXPECT_TRUE(server.logs("logs reopened"));
  EXPECT_EQ(asked({"stop", "--wait"}), "stopped\n");
  EXPECT_FALSE(std::filesystem::exists(socket()));
  EXPECT_EQ(server.wait_for_end()->exit_code, 0);
  EXPECT_THAT(refused({"status"}), HasSubstr("no server at"));
}

TEST_F(ControlledServer, RestoresItsSocketOnAReload) {
  asked({"reload", "--wait"});
  std::filesystem::remove(socket());
  server.signal(SIGHUP);
  EXPECT_TRUE(server.logs("workers in place", 3));
  EXPECT_THAT(asked({"status"}), HasSubstr("serving")) << "a reload puts the file back";
}

/// Whatever clients do, the next one is answered, and the service goes on.
TEST_F(ControlledServer, IsHeldUpByNoClient) {
  Load load(server.address(), {.clients = 2});
  const RawClient silent(control_address());
  RawClient garbage(control_address()), endless(control_address());
  garbage.send(std::string("\x16\x03\x01\0\xff\n", 6));
  endless.send(std::string(64 << 10, 'x'));
  RawClient never_reads(control_address(), 1024);
  never_reads.send("workers\n");
  RawClient gone(control_address());
  gone.send("reload --wait\n");
  gone.close();
  EXPECT_THAT(garbage.read_to_end(), HasSubstr("unknown command"));
  EXPECT_THAT(endless.read_to_end(), HasSubstr("a line of at most 4096 bytes"));
  EXPECT_THAT(asked({"status"}), HasSubstr("state"));

  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<RawClient>(control_address()));
    if (clients.back()->is_connected()) clients.back()->send("status\n");
  }
  int answers = 0;
  for (const auto& client : clients) {
    if (client->read_to_end().find("\"ok\":true") != std::string::npos) ++answers;
  }
  EXPECT_EQ(answers, 200);
  EXPECT_TRUE(load.goes_on());
  EXPECT_EQ(load.stop().lost, 0U);
}

TEST(ControlOfRequests, ShowsThemLive) {
  const ServerProcess server(test_app("slow"), {"--control-socket", "ctl", "-w", "1"});
  RawClient client(server.address());
  client.send(get("/sleep?ms=2500", {"X-Request-Id: slow-one"}));
  const auto requests = [&] {
    return run_command({ALICORN_BINARY, "ctl", "--socket", server.file("ctl"), "requests"}).output;
  };
  std::string text;
  EXPECT_TRUE(
      eventually([&] { return (text = requests()).find("slow-one") != std::string::npos; }));
  EXPECT_THAT(text, AllOf(HasSubstr("GET     /sleep"), HasSubstr("127.0.0.1"),
                          HasSubstr(std::to_string(server.workers().front()))));
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_THAT(requests(), ::testing::Not(HasSubstr("slow-one")));
}

TEST(ControlOfAnUpgrade, BelongsToTheNewestMaster) {
  ServerProcess server(example("hello_c"),
                       {"--control-socket", "ctl", "-w", "1", "--upgrade", "manual"});
  const auto status = [&] {
    return run_command({ALICORN_BINARY, "ctl", "--socket", server.file("ctl"), "--json", "status"})
        .output;
  };
  const auto is_of = [&](const std::string& text) {
    return eventually([&] { return status().find(text) != std::string::npos; });
  };
  const std::string old_pid = std::to_string(server.pid());
  server.signal(SIGUSR2);
  EXPECT_TRUE(is_of("\"peer_master\":{\"pid\":" + old_pid + ",\"role\":\"old\"}"));
  const std::string all = status();
  const std::size_t at = all.find("\"pid\":") + 6;
  const pid_t successor = std::stoi(all.substr(at));
  ASSERT_NE(successor, server.pid());
  ::kill(successor, SIGTERM);
  EXPECT_TRUE(is_of("\"pid\":" + old_pid + ",")) << "it has the path back";
  EXPECT_TRUE(is_of("\"peer_master\":null"));
}

TEST(ControlClient, SaysWhatToDo) {
  const TemporaryFolder folder;
  const std::string path = folder / "ctl";
  const auto run = [&](const Arguments& words) {
    Arguments all{ALICORN_BINARY, "ctl"};
    all.insert(all.end(), words.begin(), words.end());
    return run_command(all);
  };
  CommandResult result = run({"--socket", path, "status"});
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("control_socket set?"));
  std::ofstream(folder / "a.yaml") << "control_socket: nowhere.ctl\n";
  result = run({"-c", folder / "a.yaml", "status"});
  EXPECT_EQ(result.ending.exit_code, 1);
  EXPECT_THAT(result.output, ::testing::ContainsRegex("nowhere.ctl: No such file.*relative path"));
  result = run({"--socket", path, "statsu"});
  EXPECT_EQ(result.ending.exit_code, 2);
  EXPECT_THAT(result.output, HasSubstr("did you mean status?"));
  result = run({"--help"});
  EXPECT_EQ(result.ending.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("recycle SLOT"));
}

}  // namespace
}  // namespace alicorn::test
