#include "store/migrate.hpp"

#include "store/store.hpp"
#include "support/database.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include <sys/stat.h>

namespace jwt_auth {
namespace {

using alicorn::test::Arguments;
using alicorn::test::CommandResult;
using alicorn::test::run_command;
using test::at;
using testing::ElementsAre;
using testing::IsEmpty;

class MigrateTest : public test::OnBoth {
 protected:
  void SetUp() override {
    OnBoth::SetUp();
    if (IsSkipped()) return;
    empty_ = std::make_unique<test::TestDatabase>(GetParam(), test::TestDatabase::Schema::kEmpty);
  }

  const DatabaseSettings& empty() const { return empty_->settings(); }

  std::unique_ptr<test::TestDatabase> empty_;
};

TEST_P(MigrateTest, AppliesEachOnce) {
  EXPECT_THAT(migrate(empty(), at()),
              ElementsAre("0001_auth", "0002_token_blacklist", "0003_client", "0004_login_attempt",
                          "0005_rotation"));
  EXPECT_THAT(migrate(empty(), at(seconds(5))), IsEmpty());
  for (const MigrationState& state : migration_states(empty())) EXPECT_EQ(state.applied, at());
}

TEST_P(MigrateTest, ShowsWhatIsMissing) {
  if (is_sqlite()) {
    EXPECT_THROW(migration_states(empty()), StoreUnavailable);
    empty_->execute("CREATE TABLE other (id integer)");
  }
  for (const MigrationState& state : migration_states(empty())) EXPECT_FALSE(state.applied);
}

TEST_P(MigrateTest, LeavesAnExistingTableAsItIs) {
  empty_->execute(
      "CREATE TABLE auth_user (id integer PRIMARY KEY, username text, password text, "
      "is_active boolean, last_login text)");
  empty_->execute("INSERT INTO auth_user VALUES (7, 'bob', 'hash', true, NULL)");
  migrate(empty(), at());
  EXPECT_EQ(Store(empty()).user_by_name("bob")->id, 7);
  // Django's list does not mention tables that Django might have created differently.
  EXPECT_EQ(empty_->value("SELECT count(*) FROM django_migrations WHERE app = 'auth'"), "0");
  EXPECT_EQ(empty_->value("SELECT count(*) FROM django_migrations WHERE app = 'token_blacklist'"),
            "11");
}

TEST_P(MigrateTest, DoesAllOrNothing) {
  empty_->execute("CREATE TABLE other (jwt_auth_rotation_good_until integer)");
  // The last migration fails because this name is taken.
  empty_->execute(
      "CREATE INDEX jwt_auth_rotation_good_until ON other "
      "(jwt_auth_rotation_good_until)");
  EXPECT_THROW(migrate(empty(), at()), std::runtime_error);
  empty_->execute("DROP TABLE other");
  EXPECT_EQ(migrate(empty(), at()).size(), 5U);
}

TEST_P(MigrateTest, MakesASqliteFileReadableOnlyByItsOwner) {
  if (!is_sqlite()) return;
  migrate(empty(), at());
  struct stat status {};
  ASSERT_EQ(::stat(empty().connection.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

RUN_ON_BOTH(MigrateTest);

/// Debian's Django with its own migrations.
class DjangoSchemaTest : public MigrateTest {
 protected:
  void SetUp() override {
    MigrateTest::SetUp();
    if (IsSkipped()) return;
    const Arguments look{"/usr/bin/python3", "-c", "import django, rest_framework_simplejwt"};
    if (run_command(look).ending.exit_code != 0) {
      GTEST_SKIP() << "python3-django and python3-djangorestframework-simplejwt are not installed";
    }
    std::string database =
        "'ENGINE': 'django.db.backends.sqlite3', 'NAME': '" + empty().connection + "'";
    if (!is_sqlite()) {
      const std::string& text = empty().connection;
      database = "'ENGINE': 'django.db.backends.postgresql', 'USER': 'postgres', 'HOST': '" +
                 test::postgres().socket_folder() + "', 'NAME': '" +
                 text.substr(text.rfind('=') + 1) + "'";
    }
    std::ofstream(folder_ / "django_settings.py")
        << "SECRET_KEY = 'x'\nUSE_TZ = True\n"
           "DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'\n"
           "INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth',\n"
           "                  'rest_framework_simplejwt.token_blacklist']\n"
           "DATABASES = {'default': {"
        << database << "}}\n";
  }

  CommandResult django(const Arguments& arguments) const {
    Arguments all{"/usr/bin/env", "PYTHONPATH=" + (folder_ / ""),
                  "DJANGO_SETTINGS_MODULE=django_settings", "/usr/bin/python3"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_command(all);
  }

  alicorn::test::TemporaryFolder folder_;
};

TEST_P(DjangoSchemaTest, DjangoContinuesFromOurTables) {
  migrate(empty(), at());
  const CommandResult check = django({"-m", "django", "migrate", "--check"});
  EXPECT_EQ(check.ending.exit_code, 0) << check.output;
  const CommandResult done = django({"-m", "django", "migrate"});
  EXPECT_EQ(done.ending.exit_code, 0) << done.output;
  const CommandResult used =
      django({"-c",
              "import django; django.setup()\n"
              "from django.contrib.auth.models import User, Permission, Group\n"
              "from rest_framework_simplejwt.tokens import RefreshToken\n"
              "user = User.objects.create_user('bob', password='x')\n"
              "user.groups.add(Group.objects.create(name='staff'))\n"
              "user.user_permissions.add(Permission.objects.first())\n"
              "RefreshToken.for_user(user).blacklist()\n"});
  EXPECT_EQ(used.ending.exit_code, 0) << used.output;
  EXPECT_TRUE(Store(empty()).user_by_name("bob"));
}

TEST_P(DjangoSchemaTest, ContinuesFromDjangosTables) {
  const CommandResult done = django({"-m", "django", "migrate"});
  ASSERT_EQ(done.ending.exit_code, 0) << done.output;
  const CommandResult used =
      django({"-c",
              "import django; django.setup()\n"
              "from django.contrib.auth.models import User\n"
              "from rest_framework_simplejwt.tokens import RefreshToken\n"
              "token = RefreshToken.for_user(User.objects.create_user('bob', password='x'))\n"
              "token.payload['jti'] = 'made by Django'\n"
              "token.blacklist()\n"});
  ASSERT_EQ(used.ending.exit_code, 0) << used.output;
  const std::string count = "SELECT count(*) FROM django_migrations";
  const std::string before = empty_->value(count);
  migrate(empty(), at());
  EXPECT_EQ(empty_->value(count), before);
  Store store(empty());
  EXPECT_TRUE(store.user_by_name("bob")->is_active);
  EXPECT_TRUE(store.is_blacklisted("made by Django"));
}

TEST_P(DjangoSchemaTest, DjangoReadsWhatWeWrite) {
  migrate(empty(), at());
  empty_->execute(
      "INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, "
      "is_staff, is_active, date_joined) VALUES ('bob', '!', false, '', '', '', false, true, "
      "'2026-01-02 03:04:05')");
  Store store(empty());
  const std::int64_t id = store.user_by_name("bob")->id;
  store.set_last_login(id, at());
  store.blacklist(test::token("one", id), at());
  const CommandResult read = django(
      {"-c",
       "import django; django.setup()\n"
       "from django.contrib.auth.models import User\n"
       "from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken\n"
       "user = User.objects.get(username='bob')\n"
       "token = BlacklistedToken.objects.get(token__jti='one')\n"
       "print(user.is_active, user.last_login, token.token.user == user, token.blacklisted_at,\n"
       "      token.token.expires_at)\n"});
  EXPECT_EQ(read.output,
            "True 2026-11-22 16:33:59.434941+00:00 True 2026-11-22 16:33:59.434941+00:00 "
            "2026-11-23 16:33:59.434941+00:00\n");
}

RUN_ON_BOTH(DjangoSchemaTest);

}  // namespace
}  // namespace jwt_auth
