// Files that are sent without asking a Python application (setting static).
#include "tests/support/python_bridge.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace alicorn::test {
namespace {

namespace fs = std::filesystem;

class StaticFilesOfPython : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_python_bridge()) GTEST_SKIP() << "no bridge to Python was built";
    for (const char* name : {"files/deep", "files/.git", "files/.well-known", "more"}) {
      fs::create_directories(folder / name);
    }
    write_file(folder / "files/app.css", "0123456789");
    write_file(folder / "files/app.css.gz", "zipped");
    write_file(folder / "files/app.css.br", "brotli");
    write_file(folder / "files/app.0123456789ab.js", "hashed");
    write_file(folder / "files/deep/a b.txt", "deep");
    write_file(folder / "files/.git/config", "secret");
    write_file(folder / "files/.well-known/x", "known");
    write_file(folder / "files/large", std::string(3'000'000, 'l'));
    write_file(folder / "secret", "secret");
    write_file(folder / "more/only-here.txt", "more");
    server.emplace("cases:application", Arguments{"--pythonpath", python_apps(), "--static",
                                                  "/static/=" + folder / "files", "--static",
                                                  "/static/more/=" + folder / "more", "--static",
                                                  "/nothing/=" + folder / "files"});
  }
  Response ask_for(const std::string& target, const std::vector<std::string>& fields = {}) {
    return ask(server->address(), get(target, fields));
  }

  const TemporaryFolder folder;
  std::optional<ServerProcess> server;
};

TEST_F(StaticFilesOfPython, AreSentAsTheyAre) {
  const Response css = ask_for("/static/app.css");
  EXPECT_EQ(css.status, 200);
  EXPECT_EQ(css.body, "0123456789");
  EXPECT_EQ(css.field("content-length"), "10");
  EXPECT_EQ(css.field("content-type"), "text/css; charset=utf-8");
  EXPECT_EQ(css.field("cache-control"), "public, max-age=60");
  EXPECT_EQ(css.field("vary"), "accept-encoding");
  EXPECT_EQ(css.field("accept-ranges"), "bytes");
  EXPECT_EQ(ask_for("/static/deep/a%20b.txt").body, "deep");
  EXPECT_EQ(ask_for("/static/more/only-here.txt").body, "more") << "in the second folder";
  EXPECT_EQ(ask_for("/static/.well-known/x").body, "known");
  EXPECT_EQ(ask_for("/static/large").body.size(), 3'000'000U);
  EXPECT_EQ(ask_for("/static/app.0123456789ab.js").field("cache-control"),
            "public, max-age=31536000, immutable");
  RawClient client(server->address());
  client.send(request("HEAD", "/static/app.css", {}));
  EXPECT_EQ(client.read_response(To::kHead).field("content-length"), "10");
  EXPECT_EQ(client.request(get("/static/app.css")).body, "0123456789") << "on the same connection";
}

TEST_F(StaticFilesOfPython, LeaveTheRestToTheApplication) {
  for (const char* target :
       {"/static/missing.css", "/static/", "/static/deep", "/static/deep/", "/static/../secret",
        "/static/%2e%2e/secret", "/static/..%2fsecret", "/static/deep/../../secret",
        "/static/.git/config", "/static//app.css", "/static/app.css%00", "/static/%zz",
        "/static/a%5c..%5csecret", "/staticapp.css", "/static"}) {
    const Response response = ask_for(target);
    EXPECT_TRUE(response.status == 404 || response.status == 400) << target << response.head;
    EXPECT_EQ(response.body.find("secret"), std::string::npos) << target;
  }
  EXPECT_EQ(ask_for("/nothing").status, 200) << "the application's own";
  EXPECT_EQ(ask(server->address(), request("POST", "/static/app.css", {}, "x")).body,
            "no such case\n");
}

TEST_F(StaticFilesOfPython, AreCompressedForClientsThatTakeIt) {
  const auto coding = [&](const std::string& accepted) {
    const Response response = ask_for("/static/app.css", {"Accept-Encoding: " + accepted});
    EXPECT_EQ(response.field("content-type"), "text/css; charset=utf-8");
    return response.field("content-encoding") + " " + response.body;
  };
  EXPECT_EQ(coding("gzip, deflate, br"), "br brotli");
  EXPECT_EQ(coding("gzip"), "gzip zipped");
  EXPECT_EQ(coding("GZIP;q=0.5"), "gzip zipped");
  EXPECT_EQ(coding("br;q=0, gzip;q=0.0"), " 0123456789");
  EXPECT_EQ(coding("identity"), " 0123456789");
}

TEST_F(StaticFilesOfPython, AreNotSentAgain) {
  const Response first = ask_for("/static/app.css");
  const std::string tag = first.field("etag"), date = first.field("last-modified");
  EXPECT_EQ(ask_for("/static/app.css", {"If-None-Match: " + tag}).status, 304);
  EXPECT_EQ(ask_for("/static/app.css", {"If-None-Match: \"x\", W/" + tag}).status, 304);
  EXPECT_EQ(ask_for("/static/app.css", {"If-None-Match: *"}).status, 304);
  EXPECT_EQ(ask_for("/static/app.css", {"If-None-Match: \"x\""}).status, 200);
  EXPECT_EQ(ask_for("/static/app.css", {"If-Modified-Since: " + date}).status, 304);
  EXPECT_EQ(
      ask_for("/static/app.css", {"If-None-Match: \"x\"", "If-Modified-Since: " + date}).status,
      200);
  EXPECT_NE(ask_for("/static/app.css", {"Accept-Encoding: br"}).field("etag"), tag);
}

TEST_F(StaticFilesOfPython, AreSentInParts) {
  const auto part = [&](const std::string& range, const std::string& condition = "X-A: 1") {
    const Response response = ask_for("/static/app.css", {"Range: " + range, condition});
    return std::to_string(response.status) + " " + response.field("content-range") + " " +
           (response.status == 416 ? "" : response.body);
  };
  EXPECT_EQ(part("bytes=0-3"), "206 bytes 0-3/10 0123");
  EXPECT_EQ(part("bytes=7-"), "206 bytes 7-9/10 789");
  EXPECT_EQ(part("bytes=-2"), "206 bytes 8-9/10 89");
  EXPECT_EQ(part("bytes=-99"), "206 bytes 0-9/10 0123456789");
  EXPECT_EQ(part("bytes=5-99"), "206 bytes 5-9/10 56789");
  EXPECT_EQ(part("bytes=10-"), "416 bytes */10 ");
  EXPECT_EQ(part("bytes=-0"), "416 bytes */10 ");
  for (const char* range : {"bytes=3-1", "bytes=a-b", "bytes=1-2,4-5", "lines=1-2",
                            "bytes=", "bytes=-", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(part(range), "200  0123456789") << range;
  }
  const std::string tag = ask_for("/static/app.css").field("etag");
  EXPECT_EQ(part("bytes=0-0", "If-Range: " + tag), "206 bytes 0-0/10 0");
  EXPECT_EQ(part("bytes=0-0", "If-Range: \"other\""), "200  0123456789");
}

}  // namespace
}  // namespace alicorn::test
