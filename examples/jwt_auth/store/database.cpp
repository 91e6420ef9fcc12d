#include "store/database.hpp"

namespace jwt_auth {

Connection& Database::connection() {
  if (!connection_) connection_ = std::make_unique<Connection>(settings_, if_absent_);
  return *connection_;
}

Connection& Database::begin(std::string_view operation) {
  // Of a transaction that could not begin nothing can have been done.
  if (connection_) {
    try {
      connection_->begin();
      return *connection_;
    } catch (const soci::soci_error& error) {
      if (const Fault fault = take_fault(error); fault.kind != Fault::Kind::kBroken) {
        raise(fault, operation);
      }
    }
  }
  try {
    connection().begin();
  } catch (const soci::soci_error& error) {
    raise(take_fault(error), operation);
  }
  return *connection_;
}

Fault Database::take_fault(const soci::soci_error& error) {
  Fault fault = connection_->fault_of(error);
  if (fault.kind == Fault::Kind::kBroken) connection_.reset();
  return fault;
}

void Database::abandon() {
  if (!connection_) return;
  try {
    connection_->rollback();
  } catch (const soci::soci_error&) {
    // The server undoes what is left without a connection.
    connection_.reset();
  }
}

}  // namespace jwt_auth
