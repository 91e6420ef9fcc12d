// One open connection, and the statements that are prepared on it. Used by Database alone, on its
// thread.
#pragma once

#include "settings/settings.hpp"
#include "store/fault.hpp"
#include "store/open.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <soci/soci.h>

namespace jwt_auth {

/// A statement of which one object exists per program: it is prepared once on each connection, by
/// its address. A letter for each parameter, in the order of the text, and for each column: 'n' a
/// number, 's' a text. No parameter's name stands in it twice.
struct Query {
  const char* sql;
  const char* parameters;
  const char* columns;
};

/// Of a parameter. Texts are copied.
using Value = std::variant<std::int64_t, std::string_view, std::nullptr_t>;
using Values = std::initializer_list<Value>;

/// What a parameter or a column is bound to.
struct Cell {
  bool is_null() const { return indicator == soci::i_null; }

  char letter = 'n';
  long long number = 0;
  std::string text;
  soci::indicator indicator = soci::i_ok;
};

/// Good until the same query runs again.
using Row = std::vector<Cell>;

struct Prepared;

/// Functions throw soci_error, which fault_of explains.
class Connection {
 public:
  /// Throws StoreUnavailable.
  Connection(const DatabaseSettings& settings, IfAbsent if_absent);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  DatabaseSettings::Kind kind() const { return kind_; }
  bool is_sqlite() const { return kind_ == DatabaseSettings::Kind::kSqlite; }

  /// The only row, nullptr if there is none.
  const Row* one(const Query& query, Values values);
  void each(const Query& query, Values values, const std::function<void(const Row&)>& take);
  /// How many rows it changed.
  std::int64_t run(const Query& query, Values values);
  /// Without parameters and not kept: for the schema.
  void run_once(const std::string& sql);

  /// A transaction that may write: on SQLite it waits for the other writer now, not in its midst.
  void begin();
  void commit();
  void rollback();

  Fault fault_of(const soci::soci_error& error) const;

 private:
  Prepared& prepared(const Query& query);

  const DatabaseSettings::Kind kind_;
  std::unique_ptr<soci::session> session_;
  std::map<const Query*, std::unique_ptr<Prepared>> prepared_;
};

}  // namespace jwt_auth
