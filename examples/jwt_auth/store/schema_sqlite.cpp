#include "store/schema.hpp"

namespace jwt_auth {

std::vector<Table> sqlite_auth_tables() {
  return {
      {"django_content_type",
       {R"(CREATE TABLE "django_content_type" ("id" integer NOT NULL PRIMARY KEY )"
        R"(AUTOINCREMENT, "app_label" varchar(100) NOT NULL, "model" varchar(100) NOT NULL))",
        R"(CREATE UNIQUE INDEX "django_content_type_app_label_model_76bd3d3b_uniq" ON )"
        R"("django_content_type" ("app_label", "model"))"}},
      {"auth_permission",
       {R"(CREATE TABLE "auth_permission" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, )"
        R"("content_type_id" integer NOT NULL REFERENCES "django_content_type" ("id") )"
        R"(DEFERRABLE INITIALLY DEFERRED, "codename" varchar(100) NOT NULL, "name" )"
        R"(varchar(255) NOT NULL))",
        R"(CREATE UNIQUE INDEX "auth_permission_content_type_id_codename_01ab375a_uniq" ON )"
        R"("auth_permission" ("content_type_id", "codename"))",
        R"(CREATE INDEX "auth_permission_content_type_id_2f476e4b" ON "auth_permission" )"
        R"(("content_type_id"))"}},
      {"auth_group",
       {R"(CREATE TABLE "auth_group" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, )"
        R"("name" varchar(150) NOT NULL UNIQUE))"}},
      {"auth_group_permissions",
       {R"(CREATE TABLE "auth_group_permissions" ("id" integer NOT NULL PRIMARY KEY )"
        R"(AUTOINCREMENT, "group_id" integer NOT NULL REFERENCES "auth_group" ("id") )"
        R"(DEFERRABLE INITIALLY DEFERRED, "permission_id" integer NOT NULL REFERENCES )"
        R"("auth_permission" ("id") DEFERRABLE INITIALLY DEFERRED))",
        R"(CREATE UNIQUE INDEX )"
        R"("auth_group_permissions_group_id_permission_id_0cd325b0_uniq" ON )"
        R"("auth_group_permissions" ("group_id", "permission_id"))",
        R"(CREATE INDEX "auth_group_permissions_group_id_b120cbf9" ON )"
        R"("auth_group_permissions" ("group_id"))",
        R"(CREATE INDEX "auth_group_permissions_permission_id_84c5c92e" ON )"
        R"("auth_group_permissions" ("permission_id"))"}},
      {"auth_user",
       {R"(CREATE TABLE "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, )"
        R"("password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" )"
        R"(bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE, "last_name" varchar(150) )"
        R"(NOT NULL, "email" varchar(254) NOT NULL, "is_staff" bool NOT NULL, "is_active" )"
        R"(bool NOT NULL, "date_joined" datetime NOT NULL, "first_name" varchar(150) NOT )"
        R"(NULL))"}},
      {"auth_user_groups",
       {R"(CREATE TABLE "auth_user_groups" ("id" integer NOT NULL PRIMARY KEY )"
        R"(AUTOINCREMENT, "user_id" integer NOT NULL REFERENCES "auth_user" ("id") )"
        R"(DEFERRABLE INITIALLY DEFERRED, "group_id" integer NOT NULL REFERENCES )"
        R"("auth_group" ("id") DEFERRABLE INITIALLY DEFERRED))",
        R"(CREATE UNIQUE INDEX "auth_user_groups_user_id_group_id_94350c0c_uniq" ON )"
        R"("auth_user_groups" ("user_id", "group_id"))",
        R"(CREATE INDEX "auth_user_groups_user_id_6a12ed8b" ON "auth_user_groups" )"
        R"(("user_id"))",
        R"(CREATE INDEX "auth_user_groups_group_id_97559544" ON "auth_user_groups" )"
        R"(("group_id"))"}},
      {"auth_user_user_permissions",
       {R"(CREATE TABLE "auth_user_user_permissions" ("id" integer NOT NULL PRIMARY KEY )"
        R"(AUTOINCREMENT, "user_id" integer NOT NULL REFERENCES "auth_user" ("id") )"
        R"(DEFERRABLE INITIALLY DEFERRED, "permission_id" integer NOT NULL REFERENCES )"
        R"("auth_permission" ("id") DEFERRABLE INITIALLY DEFERRED))",
        R"(CREATE UNIQUE INDEX )"
        R"("auth_user_user_permissions_user_id_permission_id_14a6b632_uniq" ON )"
        R"("auth_user_user_permissions" ("user_id", "permission_id"))",
        R"(CREATE INDEX "auth_user_user_permissions_user_id_a95ead1b" ON )"
        R"("auth_user_user_permissions" ("user_id"))",
        R"(CREATE INDEX "auth_user_user_permissions_permission_id_1fbb5f2c" ON )"
        R"("auth_user_user_permissions" ("permission_id"))"}},
  };
}

std::vector<Table> sqlite_token_blacklist_tables() {
  return {
      {"token_blacklist_outstandingtoken",
       {R"(CREATE TABLE "token_blacklist_outstandingtoken" ("id" integer NOT NULL PRIMARY )"
        R"(KEY AUTOINCREMENT, "token" text NOT NULL, "created_at" datetime NULL, )"
        R"("expires_at" datetime NOT NULL, "user_id" integer NULL REFERENCES "auth_user" )"
        R"(("id") DEFERRABLE INITIALLY DEFERRED, "jti" varchar(255) NOT NULL UNIQUE))",
        R"(CREATE INDEX "token_blacklist_outstandingtoken_user_id_83bc629a" ON )"
        R"("token_blacklist_outstandingtoken" ("user_id"))"}},
      {"token_blacklist_blacklistedtoken",
       {R"(CREATE TABLE "token_blacklist_blacklistedtoken" ("id" integer NOT NULL PRIMARY )"
        R"(KEY AUTOINCREMENT, "blacklisted_at" datetime NOT NULL, "token_id" bigint NOT )"
        R"(NULL UNIQUE REFERENCES "token_blacklist_outstandingtoken" ("id") DEFERRABLE )"
        R"(INITIALLY DEFERRED))"}},
  };
}

}  // namespace jwt_auth
