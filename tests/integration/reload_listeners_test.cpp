// Addresses that a reload drops or adds again: none stays open without workers, even if the reload
// fails.
#include "tests/support/installed_app.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace alicorn::test {
namespace {

/// Refused because of a line in the configuration that cannot take effect.
class RefusedReload : public ::testing::TestWithParam<const char*> {
 protected:
  std::string configuration(bool with_second, const std::string& more = {}) const {
    return "application: " + app.path() +
           "\ngraceful_timeout: 600\nbind:\n  - \"unix:" + (app.folder() / "first.sock") + "\"\n" +
           (with_second ? "  - \"127.0.0.1:0\"\n" : "") + more;
  }
  void reload(bool with_second, const std::string& more = {}) const {
    std::ofstream(server.file("alicorn.yaml")) << configuration(with_second, more);
    server.signal(SIGHUP);
  }
  const Address& first() const { return server.addresses().at(0); }
  const Address& second() const { return server.addresses().at(1); }

  InstalledApp app{example("echo")};
  /// Only the file's settings: arguments would override them.
  ServerProcess server{app.path(),
                       {},
                       {.configuration = configuration(true),
                        .wrapper = {"/bin/sh", "-c", "exec \"$0\" -c alicorn.yaml"}}};
};

std::string name_of(const ::testing::TestParamInfo<const char*>& info) {
  return std::string(info.param).starts_with("errorlog") ? "OfTheLog" : "OfTheControlSocket";
}

INSTANTIATE_TEST_SUITE_P(, RefusedReload,
                         ::testing::Values("errorlog: missing/log\n",
                                           "control_socket: missing/ctl\n"),
                         name_of);

TEST_P(RefusedReload, RestoresNoAddressThatOnlyOldWorkersServe) {
  RawClient busy(second());
  begin_upload(busy);
  reload(false);

  ASSERT_TRUE(eventually([&] { return !takes_connections(second()); }));
  reload(true, GetParam());
  ASSERT_TRUE(server.logs("the old configuration stays"));
  EXPECT_FALSE(takes_connections(second())) << "nobody would answer";
  EXPECT_EQ(ask(first(), get("/status")).status, 200);

  reload(true);
  ASSERT_TRUE(eventually([&] { return takes_connections(second()); }));
  EXPECT_EQ(ask(second(), get("/status")).status, 200) << "one that is not refused does";
  EXPECT_EQ(finish_upload(busy).status, 200);
}

TEST_P(RefusedReload, TakesNoAddressFromTheWorkersThatServe) {
  app.replace_by(test_app("unready"));
  reload(false);
  ASSERT_TRUE(server.logs("unready: not yet"));
  reload(true, GetParam());
  ASSERT_TRUE(server.logs("the old configuration stays"));
  ASSERT_TRUE(std::filesystem::exists(first().path()));
  ASSERT_TRUE(takes_connections(second()));
  EXPECT_EQ(ask(first(), get("/status")).status, 200);
  EXPECT_EQ(ask(second(), get("/status")).status, 200) << "the reload before may fail";
}

}  // namespace
}  // namespace alicorn::test
