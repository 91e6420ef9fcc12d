// An open SQLite file and its prepared statements. Used only by Connection, on its thread.
#pragma once

#include "settings/settings.hpp"
#include "store/fault.hpp"
#include "store/query.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <soci/soci.h>

namespace jwt_auth {

/// Whether to create a missing SQLite file.
enum class IfAbsent { kRefuse, kCreate };

/// Every function throws QueryError.
class SqliteSession {
 public:
  /// Also throws StoreUnavailable if there is no file, which an operator can repair while the
  /// service waits.
  SqliteSession(const DatabaseSettings& settings, IfAbsent if_absent);
  ~SqliteSession();
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;

  const Row* one(const Query& query, Values values);
  void each(const Query& query, Values values, const std::function<void(const Row&)>& take);
  std::int64_t run(const Query& query, Values values);
  void run_once(const std::string& sql);

  void begin();
  void commit();
  void rollback();

 private:
  struct Prepared;
  class Running;
  Prepared& prepared(const Query& query);
  template <class Work>
  auto explained(Work work);

  soci::session session_;
  std::map<const Query*, std::unique_ptr<Prepared>> prepared_;
};

}  // namespace jwt_auth
