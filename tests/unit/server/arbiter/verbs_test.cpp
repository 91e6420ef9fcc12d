// A signal and a command of the control socket reach the same verbs.
#include "server/arbiter/verbs.hpp"

#include "server/arbiter/commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include <signal.h>

namespace alicorn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Records what it is asked for.
class NotingVerbs final : public Verbs {
 public:
  Result<void> reload(std::optional<Chores::Asker> asker) override {
    return note("reload" + of(asker));
  }
  Result<void> reopen(pid_t from, std::optional<Chores::Asker> asker) override {
    return note("reopen from " + std::to_string(from) + of(asker));
  }
  void resize(int change) override {
    static_cast<void>(note("resize by " + std::to_string(change)));
  }
  bool recycle(std::uint32_t slot) override {
    return note("recycle " + std::to_string(slot)).has_value();
  }
  void stop(int signal) override { static_cast<void>(note("stop by " + std::to_string(signal))); }
  void park() override { static_cast<void>(note("park")); }
  void upgrade() override { static_cast<void>(note("upgrade")); }
  void order_log_level(log::Level level) override {
    static_cast<void>(note("level " + std::string(log::name_of(level))));
  }

  std::vector<std::string> noted;
  std::string refusal;  ///< "": nothing is refused

 private:
  static std::string of(const std::optional<Chores::Asker>& asker) {
    if (!asker) return "";
    return " for " + std::to_string(asker->client) +
           (asker->waits_for_workers ? ", who waits" : "");
  }
  Result<void> note(const std::string& what) {
    noted.push_back(what);
    return refusal.empty() ? Result<void>() : fail(refusal);
  }
};

TEST(Verbs, AreReachedBySignals) {
  const auto asked_by = [](int signal) {
    NotingVerbs verbs;
    obey(signal, 7, verbs);
    return verbs.noted;
  };
  EXPECT_THAT(asked_by(SIGHUP), ElementsAre("reload"));
  for (const int stop : {SIGTERM, SIGINT, SIGQUIT}) {
    EXPECT_THAT(asked_by(stop), ElementsAre("stop by " + std::to_string(stop)));
  }
  EXPECT_THAT(asked_by(SIGTTIN), ElementsAre("resize by 1"));
  EXPECT_THAT(asked_by(SIGTTOU), ElementsAre("resize by -1"));
  EXPECT_THAT(asked_by(SIGUSR1), ElementsAre("reopen from 7"));
  EXPECT_THAT(asked_by(SIGUSR2), ElementsAre("upgrade"));
  EXPECT_THAT(asked_by(SIGWINCH), ElementsAre("park"));
  EXPECT_THAT(asked_by(SIGCHLD), IsEmpty());
}

class ControlCommands : public ::testing::Test {
 protected:
  ControlCommands() { config.workers = 2; }
  std::optional<std::string> ask(const std::string& line) {
    return commands.answer_to({.client = 5, .pid = 1, .uid = 0, .line = line});
  }

  Config config;
  Fleet fleet{config};
  Upgrade upgrade{CommandLine()};
  Zygotes zygotes;
  const std::optional<Identity> identity;
  ServiceManager service{fleet, upgrade};
  LogFiles log_files{fleet, zygotes, identity};
  ControlPost control{fleet, upgrade};
  NotingVerbs verbs;
  Commands commands{fleet, upgrade, service, log_files, control, verbs};
};

TEST_F(ControlCommands, ReachTheVerbsOfTheSignals) {
  EXPECT_EQ(ask("reload"), std::nullopt) << "the answer comes when it is done";
  EXPECT_EQ(ask("reload --wait"), std::nullopt);
  EXPECT_EQ(ask("reopen"), std::nullopt);
  EXPECT_THAT(ask("scale 5").value(), HasSubstr(R"("ok":true)"));
  EXPECT_THAT(ask("stop").value(), HasSubstr(R"("ok":true)"));
  EXPECT_THAT(ask("stop --quick").value(), HasSubstr(R"("ok":true)"));
  EXPECT_EQ(ask("stop --wait"), std::nullopt);
  EXPECT_THAT(ask("log-level debug").value(), HasSubstr(R"("ok":true)"));
  EXPECT_THAT(
      verbs.noted,
      ElementsAre("reload for 5", "reload for 5, who waits", "reopen from 0 for 5",
                  "resize by " + std::to_string(5 - static_cast<int>(fleet.table.target())),
                  "stop by " + std::to_string(SIGTERM), "stop by " + std::to_string(SIGQUIT),
                  "stop by " + std::to_string(SIGTERM), "level debug"));
}

TEST_F(ControlCommands, AreToldWhyTheyAreRefused) {
  verbs.refusal = "the server is stopping";
  EXPECT_THAT(ask("reload").value(), HasSubstr("the server is stopping"));
  EXPECT_THAT(ask("reopen").value(), HasSubstr("the server is stopping"));
  EXPECT_THAT(ask("dance").value(), HasSubstr(R"("ok":false)"));
}

TEST_F(ControlCommands, RecycleAWorkerThatThereIs) {
  EXPECT_THAT(ask("recycle 1").value(), HasSubstr("there is no worker 1"));
  EXPECT_THAT(verbs.noted, IsEmpty());
  for (const Order& order : fleet.table.decide({}, now())) {
    if (const auto* spawn = std::get_if<Spawn>(&order)) fleet.table.on_spawned(spawn->slot, 77);
  }
  EXPECT_THAT(ask("recycle 1").value(), HasSubstr(R"("pid":77)"));
  EXPECT_THAT(verbs.noted, ElementsAre("recycle 0"));
  verbs.refusal = "no";
  EXPECT_THAT(ask("recycle 1").value(), HasSubstr("is not serving, or is being replaced already"));
}

TEST_F(ControlCommands, ChangeNoNumberOfWorkersInAStop) {
  fleet.table.stop(StopMode::kGraceful);
  EXPECT_THAT(ask("scale 3").value(), HasSubstr("the server is stopping"));
  EXPECT_THAT(ask("recycle 1").value(), HasSubstr("the server is stopping"));
  EXPECT_THAT(verbs.noted, IsEmpty());
}

}  // namespace
}  // namespace alicorn
