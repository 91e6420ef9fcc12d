// The one connection of a Store: opened when it is first needed, and anew after it broke. For one
// thread.
#pragma once

#include "settings/settings.hpp"
#include "store/connection.hpp"

#include <memory>
#include <string_view>
#include <type_traits>

namespace jwt_auth {

class Database {
 public:
  explicit Database(const DatabaseSettings& settings, IfAbsent if_absent = IfAbsent::kRefuse)
      : settings_(settings), if_absent_(if_absent) {}

  DatabaseSettings::Kind kind() const { return settings_.kind; }

  /// Calls work(Connection&), which only reads; a second time if the connection turns out to have
  /// broken since it was last used. Throws StoreUnavailable, ConstraintViolation or, for a bug,
  /// runtime_error; `operation` is what their texts begin with.
  template <class Work>
  auto read(std::string_view operation, Work work);

  /// Calls work(Connection&) in a transaction. Never a second time: StoreUnavailable may mean that
  /// it was committed and nobody could tell us.
  template <class Work>
  auto write(std::string_view operation, Work work);

 private:
  Connection& connection();
  /// An open connection with a transaction begun.
  Connection& begin(std::string_view operation);
  /// Of an error on the connection, which is dropped if it is of no more use.
  Fault take_fault(const soci::soci_error& error);
  /// Undoes the transaction.
  void abandon();

  const DatabaseSettings settings_;
  const IfAbsent if_absent_;
  std::unique_ptr<Connection> connection_;
};

template <class Work>
auto Database::read(std::string_view operation, Work work) {
  if (connection_) {
    try {
      return work(*connection_);
    } catch (const soci::soci_error& error) {
      if (const Fault fault = take_fault(error); fault.kind != Fault::Kind::kBroken) {
        raise(fault, operation);
      }
    }
  }
  try {
    return work(connection());
  } catch (const soci::soci_error& error) {
    raise(take_fault(error), operation);
  }
}

template <class Work>
auto Database::write(std::string_view operation, Work work) {
  Connection& connection = begin(operation);
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Work, Connection&>>) {
      work(connection);
      connection.commit();
    } else {
      auto result = work(connection);
      connection.commit();
      return result;
    }
  } catch (const soci::soci_error& error) {
    const Fault fault = take_fault(error);
    abandon();
    raise(fault, operation);
  } catch (...) {
    abandon();
    throw;
  }
}

}  // namespace jwt_auth
