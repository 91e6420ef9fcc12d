#include "workers/crash/request_file.hpp"

#include "tests/support/temporary_folder.hpp"
#include "workers/app/streamed_record.hpp"
#include "workers/replay/recorded_requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alicorn {
namespace {

using test::read_file;
using test::TemporaryFolder;
using test::write_file;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Outcome = KeptRequest::Outcome;

constexpr std::string_view kHead =
    "POST /pay HTTP/1.1\r\nhost: a\r\nAuthorization:  Bearer abc \r\nx-note: cookie: no\r\n"
    "content-length: 11\r\ncookie:\r\n\r\n";

class RequestFile : public testing::Test {
 protected:
  RequestFile() { settings_.directory = folder_.path(); }

  Outcome keep(const RequestBytes& request) {
    write_request_file(settings_, request, result_);
    return result_.outcome;
  }
  static RequestBytes request(std::string_view head, std::string_view body) {
    RequestBytes bytes;
    bytes.head = head;
    bytes.body = body;
    bytes.body_size = body.size();
    bytes.request_id = "a/b:c..";
    return bytes;
  }

  const TemporaryFolder folder_;
  CrashSettings settings_;
  KeptRequest result_;
};

TEST_F(RequestFile, ContainsTheRequestWithoutItsSecrets) {
  ASSERT_EQ(keep(request(kHead, "hello world")), Outcome::kKept);
  EXPECT_EQ(read_file(result_.path),
            "POST /pay HTTP/1.1\r\nhost: a\r\nAuthorization:  ********** \r\nx-note: cookie: no\r\n"
            "content-length: 11\r\ncookie:\r\n\r\nhello world");
  EXPECT_THAT(result_.path, AllOf(StartsWith(folder_ / "20"), HasSubstr("T"),
                                  EndsWith("-" + std::to_string(::getpid()) + "-a_b_c...http")));
  struct stat status {};
  ASSERT_EQ(::stat(result_.path, &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(RequestFile, RecognisesASecretWithUnderscores) {
  settings_.redact = {"x-api-key", "my_token"};
  ASSERT_EQ(
      keep(request("GET / HTTP/1.1\r\nX_Api_Key: k3y\r\nMy-Token: t0\r\nxyapi-key: c\r\n\r\n", "")),
      Outcome::kKept);
  EXPECT_EQ(read_file(result_.path),
            "GET / HTTP/1.1\r\nX_Api_Key: ***\r\nMy-Token: **\r\nxyapi-key: c\r\n\r\n");
}

TEST_F(RequestFile, AdjustsTheLengthOfACutBody) {
  settings_.body_size_max = 5;
  ASSERT_EQ(keep(request(kHead, "hello world")), Outcome::kKept);
  EXPECT_THAT(read_file(result_.path),
              AllOf(HasSubstr("content-length: 05\r\n"), EndsWith("\r\n\r\nhello")));
  EXPECT_EQ(result_.body_kept, 5U);
  EXPECT_EQ(result_.body_size, 11U);
}

TEST_F(RequestFile, MakesOneChunkOfAllChunks) {
  constexpr std::string_view kChunked =
      "\r\nPUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  RequestBytes bytes = request(kChunked, "sixteen bytes ..");
  bytes.chunked = true;
  ASSERT_EQ(keep(bytes), Outcome::kKept);
  const std::string text = read_file(result_.path);
  EXPECT_EQ(text, std::string(kChunked) + "10\r\nsixteen bytes ..\r\n0\r\n\r\n");
  EXPECT_EQ(describe_recording(examine_recording(text, WorkerSettings{})), "1 request");
  bytes.body = {};
  bytes.request_id = "other";
  ASSERT_EQ(keep(bytes), Outcome::kKept);
  EXPECT_EQ(read_file(result_.path), std::string(kChunked) + "0\r\n\r\n");
}

TEST_F(RequestFile, KeepsTheOldestFilesWhenTheFolderIsFull) {
  settings_.files_max = 2;
  write_file(folder_ / "1.http", "");
  write_file(folder_ / "README", "");
  EXPECT_EQ(keep(request(kHead, "")), Outcome::kKept);
  EXPECT_EQ(keep(request(kHead, "")), Outcome::kDirectoryFull);
}

TEST_F(RequestFile, RemovesWhatAWorkerHasNotFinished) {
  settings_.files_max = 2;
  write_file(folder_ / "1.http.part", "GET / HT");
  write_file(folder_ / "2.http.part", "GET / HT");
  using std::filesystem::file_time_type;
  std::filesystem::last_write_time(folder_ / "1.http.part",
                                   file_time_type::clock::now() - std::chrono::minutes(2));
  EXPECT_EQ(keep(request(kHead, "")), Outcome::kKept);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "1.http.part"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "2.http.part")) << "another may be writing it";
  EXPECT_EQ(keep(request(kHead, "")), Outcome::kDirectoryFull);
}

TEST_F(RequestFile, SaysWhyThereIsNone) {
  ASSERT_EQ(keep(request(kHead, "")), Outcome::kKept);
  EXPECT_EQ(keep(request(kHead, "")), Outcome::kFailed);
  EXPECT_EQ(result_.error, EEXIST) << "within the same second";
  settings_.directory += "/gone";
  EXPECT_EQ(keep(request(kHead, "")), Outcome::kFailed);
  EXPECT_EQ(result_.error, ENOENT);
  settings_.directory = std::string(500, 'x');
  EXPECT_EQ(keep(request(kHead, "")), Outcome::kFailed);
}

TEST(StreamedRecord, KeepsTheBeginningAndCountsEverything) {
  StreamedRecord record;
  record.append("hello ", 8, 100);
  record.append("world", 8, 100);
  EXPECT_EQ(record.bytes(), "hello wo");
  EXPECT_EQ(record.total(), 11U);
  record.clear();
  EXPECT_EQ(record.bytes(), "");
  record.append("abc", 0, 100);
  EXPECT_EQ(record.bytes(), "");
  EXPECT_EQ(record.total(), 3U);
}

TEST(StreamedRecord, HasNoHoleAfterAPieceThatDidNotFit) {
  StreamedRecord record;
  record.append("hello ", 100, 4);
  record.append("world", 100, 100);
  EXPECT_EQ(record.bytes(), "hell");
  EXPECT_EQ(record.total(), 11U);
  record.clear();
  record.append("hello ", 100, 0);
  record.append("world", 100, 100);
  EXPECT_EQ(record.bytes(), "");
}

}  // namespace
}  // namespace alicorn
