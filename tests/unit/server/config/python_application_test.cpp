#include "server/config/python_application.hpp"

#include "tests/support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace alicorn {
namespace {

using test::TemporaryFolder;
using test::write_file;
using ::testing::HasSubstr;

TEST(PythonName, HasTheShapeOfAModule) {
  for (const char* name :
       {"app", "mysite.wsgi", "mysite.wsgi:application", "a_b._c9:x", "mysite:nested.app",
        "mysite:create_app()", "mysite:create_app('x', 1)", "app.py:app"}) {
    EXPECT_TRUE(is_python_name(name)) << name;
  }
  for (const char* name :
       {"", "app.so", "./app", "/srv/app", "app.so:symbol", "libapp.so.1", "9app", "a..b", "a.",
        ".a", "a:", "a:b:c", "a:f(", "a:f)", "my-site.wsgi", "a b", "a:9", "a:(x)"}) {
    EXPECT_FALSE(is_python_name(name)) << name;
  }
}

TEST(PythonVersion, IsThatOfTheVirtualEnvironment) {
  EXPECT_EQ(python_version_of("home = /usr/bin\nversion = 3.11.2\nprompt = x\n"), "3.11");
  EXPECT_EQ(python_version_of("version_info = 3.9.2.final.0"), "3.9");
  EXPECT_EQ(python_version_of("version=3.12"), "3.12");
  for (const char* text : {"", "home = /usr\n", "version\n", "version =\n", "version = 3\n"}) {
    EXPECT_EQ(python_version_of(text), "") << text;
  }
}

class PythonBridge : public ::testing::Test {
 protected:
  void has_bridges(const std::vector<std::string>& versions) {
    std::filesystem::create_directories(bridges);
    for (const std::string& version : versions) {
      write_file(bridges + "/python" + version + ".so", "");
    }
  }
  Result<void> resolve(const std::string& application) {
    config.worker.python.application = application;
    config.worker.app_path = folder / application;
    return resolve_python_application(config, {folder / "nowhere", bridges});
  }
  /// The venv's name, which is its version, too.
  std::string venv(const std::string& version) {
    std::filesystem::create_directories(folder / version);
    write_file(folder / version + "/pyvenv.cfg", "version = " + version + ".1\n");
    return folder / version;
  }

  TemporaryFolder folder;
  const std::string bridges = folder / "bridges";
  Config config;
};

TEST_F(PythonBridge, IsTheNewest) {
  has_bridges({"3.9", "3.11", "3.x", "3.-1", "2.7", ""});
  ASSERT_TRUE(resolve("site.wsgi"));
  EXPECT_EQ(config.worker.app_path, bridges + "/python3.11.so");
  EXPECT_EQ(config.worker.app_name(), "site.wsgi");
}

TEST_F(PythonBridge, IsThatOfTheVirtualEnvironment) {
  has_bridges({"3.9", "3.11"});
  config.worker.python.venv = venv("3.9");
  ASSERT_TRUE(resolve("site.wsgi"));
  EXPECT_EQ(config.worker.app_path, bridges + "/python3.9.so");
  config.worker.python.venv = venv("3.14");
  EXPECT_THAT(resolve("site.wsgi").error().text(),
              HasSubstr("is of Python 3.14, but there is a bridge only to 3.11, 3.9"));
  config.worker.python.venv = folder / "none";
  EXPECT_THAT(resolve("site.wsgi").error().text(), HasSubstr("is no virtual environment"));
}

TEST_F(PythonBridge, IsNotNeededForAFileOfThatName) {
  write_file(folder / "native", "");
  ASSERT_TRUE(resolve("native"));
  EXPECT_EQ(config.worker.app_path, folder / "native");
  EXPECT_EQ(config.worker.python.application, "");
}

/// pkgapp/__init__.py in the folder in which the server runs.
TEST_F(PythonBridge, IsForAPackageInThisFolder) {
  has_bridges({"3.11"});
  std::filesystem::create_directories(folder / "pkgapp");
  config.worker.python.application = "pkgapp";
  config.worker.app_path = folder / "pkgapp";
  ASSERT_TRUE(resolve_python_application(config, {bridges}));
  EXPECT_EQ(config.worker.app_path, bridges + "/python3.11.so");
  EXPECT_EQ(config.worker.python.application, "pkgapp");
}

TEST_F(PythonBridge, IsNotForASource) {
  write_file(folder / "site.py", "");
  EXPECT_THAT(resolve("site.py").error().text(),
              HasSubstr("is Python's source: name its module, as in alicorn site:application"));
}

TEST_F(PythonBridge, ModulesAreFoundWithoutRunningThem) {
  std::filesystem::create_directories(folder / "site/package");
  write_file(folder / "site/wsgi.py", "");
  write_file(folder / "site/package/__init__.py", "");
  write_file(folder / "site/native.cpython-311-x86_64-linux-gnu.so", "");
  const std::vector<std::string> folders{folder / "none", folder / ""};
  EXPECT_EQ(find_python_module("site.wsgi:app", folders), folder / "site/wsgi.py");
  EXPECT_EQ(find_python_module("site.package", folders), folder / "site/package/__init__.py");
  EXPECT_THAT(find_python_module("site.native", folders), HasSubstr("site/native.cpython"));
  for (const char* name : {"site", "wsgi", "site.other:app"}) {
    EXPECT_EQ(find_python_module(name, folders), "") << name;
  }
}

TEST_F(PythonBridge, ModulesAreSoughtWhereThePathSays) {
  std::filesystem::create_directories(folder / "site-packages");
  std::filesystem::create_directories(folder / "project");
  write_file(folder / "site-packages/project.pth", "import site\n../project\n/no/such/folder\n");
  config.worker.python.path = {folder / "site-packages"};
  const auto folders = module_folders(config.worker, "/first::/second");
  EXPECT_THAT(folders, ::testing::Contains("/first"));
  EXPECT_THAT(folders, ::testing::Contains("/second"));
  EXPECT_EQ(folders.back(), folder / "site-packages/../project");
}

TEST_F(PythonBridge, HasItsOwnKeysInTheApplicationsSection) {
  has_bridges({"3.11"});
  config.worker.app_config = {{"python.application", "other"}};
  EXPECT_THAT(resolve("site.wsgi").error().text(),
              HasSubstr("app: python.application is the server's own"));
}

TEST_F(PythonBridge, IsNotSoughtWithoutAPlace) {
  config.worker.python.application = "site";
  config.worker.app_path = folder / "site";
  EXPECT_THAT(resolve_python_application(config, {}).error().text(),
              HasSubstr("/proc does not say"));
}

TEST_F(PythonBridge, MayBeMissing) {
  EXPECT_THAT(resolve("site.wsgi").error().text(), HasSubstr("no bridge to Python"));
}

}  // namespace
}  // namespace alicorn
