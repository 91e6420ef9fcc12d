// The one connection of a Store: opened when first needed, and again after it broke. For one
// thread.
#pragma once

#include "settings/settings.hpp"
#include "store/connection.hpp"
#include "store/silence.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

namespace jwt_auth {

class Database {
 public:
  /// For an administrator: each statement has the time of the settings; there may be many
  /// statements.
  explicit Database(const DatabaseSettings& settings, IfAbsent if_absent = IfAbsent::kRefuse)
      : settings_(settings), if_absent_(if_absent) {}
  /// For requests: each call as a whole has the time of the settings, and the calls of a process do
  /// not all wait for a silent database. For SQLite, which is not a server, nothing changes.
  Database(const DatabaseSettings& settings, std::shared_ptr<Silence> silence,
           HostAddresses addresses = HostAddresses())
      : settings_(settings),
        if_absent_(IfAbsent::kRefuse),
        silence_(std::move(silence)),
        addresses_(std::move(addresses)) {}

  DatabaseSettings::Kind kind() const { return settings_.kind; }

  /// Calls work(Connection&), which only reads. Calls it a second time if the connection broke
  /// since its last use. Throws StoreUnavailable, ConstraintViolation or, for a bug, runtime_error;
  /// their texts begin with `operation`.
  template <class Work>
  auto read(std::string_view operation, Work work);

  /// Calls work(Connection&) in a transaction, and never a second time: after StoreUnavailable the
  /// transaction may have been committed without our learning of it.
  template <class Work>
  auto write(std::string_view operation, Work work);

 private:
  /// A call that may ask the database. At its end it reports whether the database answered.
  class Call;

  Connection& connection(const Call& call);
  /// An open connection, with a transaction begun.
  Connection& begin(Call& call);
  /// Returns the fault behind an error, and drops the connection if it is no longer usable.
  Fault take_fault(const QueryError& error);
  /// Rolls the transaction back.
  void abandon();

  const DatabaseSettings settings_;
  const IfAbsent if_absent_;
  const std::shared_ptr<Silence> silence_;
  const HostAddresses addresses_;
  std::unique_ptr<Connection> connection_;
  std::uint64_t connected_in_ = 0;  ///< the number of silences before it
};

class Database::Call {
 public:
  /// Throws StoreUnavailable while another call is testing whether the database answers.
  Call(Database& database, std::string_view operation);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  std::optional<Deadline> deadline() const { return deadline_; }
  std::uint64_t silences() const { return leave_.silences; }
  /// Throws the exception that the fault stands for.
  [[noreturn]] void fail(const Fault& fault);

 private:
  Database& database_;
  const std::string_view operation_;
  Silence::Leave leave_;
  std::optional<Deadline> deadline_;
  bool is_unanswered_ = false;
};

template <class Work>
auto Database::read(std::string_view operation, Work work) {
  Call call(*this, operation);
  if (connection_) {
    try {
      return work(*connection_);
    } catch (const QueryError& error) {
      if (const Fault fault = take_fault(error); fault.kind != Fault::Kind::kBroken) {
        call.fail(fault);
      }
    }
  }
  try {
    return work(connection(call));
  } catch (const QueryError& error) {
    call.fail(take_fault(error));
  }
}

template <class Work>
auto Database::write(std::string_view operation, Work work) {
  Call call(*this, operation);
  Connection& connection = begin(call);
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Work, Connection&>>) {
      work(connection);
      connection.commit();
    } else {
      auto result = work(connection);
      connection.commit();
      return result;
    }
  } catch (const QueryError& error) {
    const Fault fault = take_fault(error);
    abandon();
    call.fail(fault);
  } catch (...) {
    abandon();
    throw;
  }
}

}  // namespace jwt_auth
