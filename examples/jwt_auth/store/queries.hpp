// The statements that several files of store/ need.
#pragma once

#include "store/connection.hpp"
#include "store/records.hpp"

namespace jwt_auth {

/// Whether a text may be in a row at all. What is not, no lookup finds; PostgreSQL would fail on
/// it, or cut it at its NUL.
bool is_storable(std::string_view text);

/// A token that is there already stays as it is.
void insert_outstanding(Connection& connection, const OutstandingToken& token);
/// False: it was blacklisted already.
bool insert_blacklisted(Connection& connection, const OutstandingToken& token, Time when);

}  // namespace jwt_auth
