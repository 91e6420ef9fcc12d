// Large request bodies lie in files, and are memory to the application.
#include "tests/support/raw_http.hpp"
#include "tests/support/resident_memory.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/stalling_disk.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include <sys/mount.h>

namespace alicorn::test {
namespace {

/// Bytes that are not the same everywhere.
std::string body_of(std::size_t size) {
  std::string body(size, '\0');
  std::uint32_t state = 1;
  for (char& byte : body) byte = static_cast<char>((state = state * 1103515245 + 12345) >> 16);
  return body;
}
std::string upload(const std::string& body) {
  return request("POST", "/", {}, body);
}
std::string chunked(const std::string& body, std::size_t size) {
  std::string text = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += size) {
    const std::string chunk = body.substr(at, size);
    char head[24];
    std::snprintf(head, sizeof head, "%zx\r\n", chunk.size());
    text.append(head).append(chunk).append("\r\n");
  }
  return text + "0\r\n\r\n";
}

/// Files without a name that the process has in this folder.
std::size_t files_in(const std::string& folder, pid_t pid) {
  std::size_t count = 0;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error)) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry, gone).string();
    count += target.starts_with(folder) ? 1U : 0U;
  }
  return count;
}

TEST(BodySpill, GivesTheBodyBackAsItCame) {
  const TemporaryFolder folder;
  ServerProcess server(test_app("body_back"), {"-w", "1", "--body-dir", folder.path()});
  RawClient client(server.address());
  for (const std::size_t size : {1U, 65'536U, 65'537U, 100'000U, 131'072U, 3'000'001U, 100U}) {
    const std::string body = body_of(size);
    EXPECT_TRUE(client.request(upload(body)).body == body) << size;
    EXPECT_TRUE(client.request(chunked(body, 50'001)).body == body) << size << " in chunks";
  }
  const pid_t worker = server.workers().at(0);
  EXPECT_TRUE(eventually([&] { return files_in(folder.path(), worker) == 0; }));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "they have no names";
}

TEST(BodySpill, TakesNoMemoryForAnUpload) {
  if (!kHeapIsGlibcs) GTEST_SKIP() << "a sanitizer's heap keeps what is freed";
  const TemporaryFolder folder;
  ServerProcess server(test_app("body_back"),
                       {"-w", "1", "--body-dir", folder.path(), "--limit-request-body", "200MiB"});
  const pid_t worker = server.workers().at(0);
  const std::string body = body_of(100U << 20U);
  const std::uint64_t before = anonymous_kib(worker);
  RawClient client(server.address());
  client.send(upload(body).substr(0, 90U << 20U));
  EXPECT_TRUE(eventually([&] { return files_in(folder.path(), worker) == 1; }));
  EXPECT_LT(anonymous_kib(worker), before + 8'000);
  client.send(upload(body).substr(90U << 20U));
  EXPECT_TRUE(client.read_response().body == body);
  EXPECT_LT(anonymous_kib(worker), before + 8'000);
}

TEST(BodySpill, MayBeOff) {
  const TemporaryFolder folder;
  ServerProcess server(test_app("body_back"),
                       {"-w", "1", "--body-dir", folder.path(), "--body-memory-each", "0"});
  RawClient client(server.address());
  client.send(upload(body_of(1'000'000)).substr(0, 900'000));
  EXPECT_FALSE(client.receives("H", milliseconds(100)));
  EXPECT_EQ(files_in(folder.path(), server.workers().at(0)), 0U);
}

TEST(BodySpill, LeavesBodiesInMemoryIfThereIsNoFolder) {
  ServerProcess server(test_app("body_back"), {"-w", "1", "--body-dir", "/nowhere"});
  const std::string body = body_of(1'000'000);
  EXPECT_TRUE(ask(server.address(), upload(body)).body == body);
  EXPECT_TRUE(server.logs("no file can be made for a body, so bodies stay in memory"));
  EXPECT_TRUE(server.logs("reason=\"No such file or directory\""));
}

TEST(BodySpill, EndsWithAClientThatLeaves) {
  const TemporaryFolder folder;
  ServerProcess server(test_app("body_back"), {"-w", "1", "--body-dir", folder.path()});
  const pid_t worker = server.workers().at(0);
  {
    RawClient client(server.address());
    client.send(upload(body_of(1'000'000)).substr(0, 900'000));
    EXPECT_TRUE(eventually([&] { return files_in(folder.path(), worker) == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return files_in(folder.path(), worker) == 0; }));
  EXPECT_EQ(ask(server.address(), upload("small")).body, "small");
}

class FullBodyDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    is_mounted_ = ::mount("alicorn-test", folder.path().c_str(), "tmpfs", 0, "size=256k") == 0;
    if (!is_mounted_) GTEST_SKIP() << "cannot mount: not root";
  }
  void TearDown() override {
    if (is_mounted_) ::umount2(folder.path().c_str(), MNT_DETACH);
  }
  const TemporaryFolder folder;

 private:
  bool is_mounted_ = false;
};

TEST_F(FullBodyDisk, Is507AndHarmsNobodyElse) {
  ServerProcess server(test_app("body_back"), {"-w", "1", "--body-dir", folder.path()});
  RawClient other(server.address());
  const std::string fits = body_of(200'000);
  EXPECT_TRUE(other.request(upload(fits)).body == fits);
  for (int i = 0; i < 3; ++i) {
    RawClient client(server.address());
    client.send(upload(body_of(1'000'000)));
    EXPECT_EQ(client.read_response().status, 507);
    EXPECT_EQ(other.request(upload("small")).body, "small");
  }
  EXPECT_TRUE(server.logs("a body is lost on its way to the disk"));
  EXPECT_TRUE(server.logs("reason=\"No space left on device\""));
  // A refusal ends the connection, and a file's space is free a moment later.
  EXPECT_TRUE(eventually([&] { return ask(server.address(), upload(fits)).body == fits; }));
}

TEST(BodySpill, HasALimitOfAllFiles) {
  const TemporaryFolder folder;
  ServerProcess server(test_app("body_back"),
                       {"-w", "1", "--body-dir", folder.path(), "--limit-body-disk", "1MiB"});
  const std::string body = body_of(700'000);
  RawClient first(server.address());
  first.send(upload(body).substr(0, 600'000));
  EXPECT_TRUE(eventually([&] { return files_in(folder.path(), server.workers().at(0)) == 1; }));
  RawClient second(server.address());
  second.send(upload(body));
  EXPECT_EQ(second.read_response().status, 503);
  first.send(upload(body).substr(600'000));
  EXPECT_TRUE(first.read_response().body == body);
  EXPECT_TRUE(ask(server.address(), upload(body)).body == body);
}

/// A disk that hangs holds up the uploads to it, and nobody else.
TEST(BodySpill, WaitsForItsDiskAlone) {
  StallingDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "no FUSE here";
  ServerProcess server(test_app("body_back"), {"-w", "1", "--body-dir", disk / ""});
  const std::string body = body_of(300'000);
  EXPECT_TRUE(ask(server.address(), upload(body)).body == body) << "a file with a name, unlinked";
  disk.stall("write");
  RawClient waits(server.address());
  waits.send(upload(body));
  RawClient leaves(server.address());
  leaves.send(upload(body).substr(0, 250'000));
  EXPECT_TRUE(eventually([&] { return disk.holds_a_call(); }));
  leaves.reset();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(server.address(), upload("small")).body, "small");
  disk.release();
  EXPECT_TRUE(waits.read_response().body == body);
}

}  // namespace
}  // namespace alicorn::test
