#include "store/database.hpp"

namespace jwt_auth {

Database::Call::Call(Database& database, std::string_view operation)
    : database_(database), operation_(operation) {
  if (!database.silence_ || database.settings_.kind == DatabaseSettings::Kind::kSqlite) return;
  leave_ = database.silence_->ask(operation);
  deadline_ = Deadline::in(leave_.time);
  // A connection from before the silence is probably as dead as those that found it.
  if (database.connected_in_ != leave_.silences) database.connection_.reset();
  if (database.connection_) database.connection_->allow_until(*deadline_);
}

Database::Call::~Call() {
  if (!deadline_) return;
  is_unanswered_ ? database_.silence_->unanswered(leave_) : database_.silence_->answered(leave_);
}

void Database::Call::fail(const Fault& fault) {
  // A proxy or the kernel may lose patience first, and report a broken connection.
  const bool took_long = deadline_ && deadline_->left() < leave_.time / 2;
  is_unanswered_ =
      fault.kind == Fault::Kind::kSilent || (fault.kind == Fault::Kind::kBroken && took_long);
  raise(fault, operation_);
}

Connection& Database::connection(const Call& call) {
  if (!connection_) {
    connection_ = std::make_unique<Connection>(settings_, if_absent_, call.deadline(), addresses_);
    connected_in_ = call.silences();
  }
  return *connection_;
}

Connection& Database::begin(Call& call) {
  // A transaction that could not begin has done nothing, so another try is safe.
  if (connection_) {
    try {
      connection_->begin();
      return *connection_;
    } catch (const QueryError& error) {
      if (const Fault fault = take_fault(error); fault.kind != Fault::Kind::kBroken) {
        call.fail(fault);
      }
    }
  }
  try {
    connection(call).begin();
  } catch (const QueryError& error) {
    call.fail(take_fault(error));
  }
  return *connection_;
}

Fault Database::take_fault(const QueryError& error) {
  const Fault& fault = error.fault();
  if (fault.kind == Fault::Kind::kBroken || fault.kind == Fault::Kind::kSilent) {
    connection_.reset();
  }
  return fault;
}

void Database::abandon() {
  if (!connection_) return;
  try {
    connection_->rollback();
  } catch (const QueryError&) {
    // Without the connection, the server rolls the transaction back.
    connection_.reset();
  }
}

}  // namespace jwt_auth
