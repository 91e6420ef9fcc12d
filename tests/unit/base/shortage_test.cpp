#include "base/shortage.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <sys/resource.h>

namespace alicorn {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Changes the soft limit for its lifetime.
class OtherLimit {
 public:
  OtherLimit(__rlimit_resource resource, rlim_t value) : resource_(resource) {
    ::getrlimit(resource_, &before_);
    const rlimit other{.rlim_cur = value, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(resource_, &other), 0);
  }
  ~OtherLimit() { ::setrlimit(resource_, &before_); }
  OtherLimit(const OtherLimit&) = delete;
  OtherLimit& operator=(const OtherLimit&) = delete;

 private:
  __rlimit_resource resource_;
  rlimit before_{};
};

Error error_of(int number) {
  return {std::error_code(number, std::system_category()), "open file"};
}

TEST(Shortage, OfDescriptorsNamesTheLimitInEveryError) {
  const OtherLimit limit(RLIMIT_NOFILE, 123);
  EXPECT_EQ(error_of(EMFILE).text(),
            "open file: Too many open files (RLIMIT_NOFILE, the open files of a process, is 123: "
            "raise it (ulimit -n, LimitNOFILE=))");
  EXPECT_THAT(error_of(ENFILE).text(), HasSubstr("fs.file-max"));
  EXPECT_EQ(error_of(ENOENT).text(), "open file: No such file or directory");
  EXPECT_EQ(error_of(EAGAIN).text(), "open file: Resource temporarily unavailable");
}

TEST(Shortage, OfMemoryNamesTheLimit) {
  EXPECT_EQ(explain_memory({}), "") << "nothing is: the machine has no more";
  EXPECT_EQ(explain_memory({.address_space = 300'000 << 10, .size = 299'000 << 10}),
            "RLIMIT_AS, the address space of a process, is 300000 KiB, of which 299000 KiB are "
            "taken: raise it (ulimit -v, LimitAS=)");
  EXPECT_THAT(explain_memory({.data = 1 << 20}), StartsWith("RLIMIT_DATA"));
  EXPECT_THAT(explain_memory({.is_strict = true}), HasSubstr("vm.overcommit_memory is 2"));
}

TEST(Shortage, OfTasksNamesTheLimitThatApplies) {
  const PidsCgroup full{.path = "/app", .max = 20, .is_full = true};
  const PidsCgroup was_full{.path = "/app", .max = 20, .is_full = false};
  EXPECT_THAT(explain_task({.cgroup = full, .user_tasks = 12}),
              StartsWith("pids.max of the cgroup /app is 20, and all are taken"));
  EXPECT_THAT(explain_task({.cgroup = was_full, .user_tasks = 12}), StartsWith("RLIMIT_NPROC"));
  EXPECT_THAT(explain_task({.cgroup = was_full}), HasSubstr("all were taken"));
  EXPECT_THAT(explain_task({.user_tasks = 12}), HasSubstr("is 12: raise it (ulimit -u"));
  EXPECT_THAT(explain_task({}), HasSubstr("kernel.threads-max"));
  EXPECT_THAT(explain_task({.stack = 8 << 20, .memory = {.address_space = 1 << 24}}),
              testing::AllOf(StartsWith("a thread's stack is RLIMIT_STACK, 8192 KiB"),
                             HasSubstr("RLIMIT_AS")));
}

class Cgroups : public ::testing::Test {
 protected:
  void make(const std::string& path, const std::string& max, const std::string& current,
            const std::string& events = "max 0\n") {
    std::filesystem::create_directories(folder / path);
    test::write_file(folder / (path + "/pids.max"), max + "\n");
    test::write_file(folder / (path + "/pids.current"), current + "\n");
    test::write_file(folder / (path + "/pids.events"), events);
  }
  std::string found_in(const std::string& cgroups) const {
    const auto found = find_full_cgroup(cgroups, folder.path());
    return found ? found->path + " " + std::to_string(found->max) + (found->is_full ? " full" : "")
                 : "";
  }

  test::TemporaryFolder folder;
};

TEST_F(Cgroups, AreFoundWhenFullAlsoAmongParents) {
  make("a", "5", "5");
  make("a/b", "max", "3");
  EXPECT_EQ(found_in("0::/a/b\n"), "/a 5 full");
  make("a/b", "3", "3");
  EXPECT_EQ(found_in("0::/a/b\n"), "/a/b 3 full");
  make("a", "6", "5");
  make("a/b", "4", "3");
  EXPECT_EQ(found_in("0::/a/b\n"), "");
}

TEST_F(Cgroups, OfVersionOneAreFoundByTheirController) {
  make("pids/a", "5", "5");
  make("cpu/a", "1", "1");
  EXPECT_EQ(found_in("9:cpu:/a\n8:pids:/a\n0::/\n"), "/a 5 full");
  EXPECT_EQ(found_in("9:cpu:/a\n"), "");
  EXPECT_EQ(found_in("garbage\n8:pids\n"), "");
}

/// The path is the host's; the mount is the container's.
TEST_F(Cgroups, AreFoundAtTheMountPointInAContainer) {
  make("", "5", "5");
  EXPECT_EQ(found_in("0::/system.slice/docker-1.scope\n"), "/ 5 full");
}

TEST_F(Cgroups, AreNamedIfTheyHaveRefusedAForkAndNoneIsFull) {
  make("a", "5", "4", "max 2\n");
  EXPECT_EQ(found_in("0::/a\n"), "/a 5");
  make("a/b", "5", "5", "max 0\n");
  EXPECT_EQ(found_in("0::/a/b\n"), "/a/b 5 full");
}

TEST(Stack, OfAThreadMustNotBeTooSmall) {
  {
    const OtherLimit limit(RLIMIT_STACK, kStackMin - 1024);
    const auto fine = require_stack();
    ASSERT_FALSE(fine);
    EXPECT_THAT(fine.error().text(), StartsWith("RLIMIT_STACK, the stack of a thread, is 255 KiB"));
  }
  const OtherLimit limit(RLIMIT_STACK, kStackMin);
  EXPECT_TRUE(require_stack());
}

TEST(FailTask, NamesTheOperation) {
  EXPECT_EQ(fail_task(TaskKind::kProcess, EINVAL, "fork", "worker 1").value().text(),
            "fork worker 1: Invalid argument");
  const std::string text = fail_task(TaskKind::kThread, EAGAIN, "start a thread").value().text();
  EXPECT_THAT(text, StartsWith("start a thread: Resource temporarily unavailable ("));
  EXPECT_THAT(text, EndsWith(")"));
}

}  // namespace
}  // namespace alicorn
