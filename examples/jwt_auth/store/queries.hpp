// The statements that several files in store/ need.
#pragma once

#include "store/connection.hpp"
#include "store/records.hpp"

namespace jwt_auth {

/// Whether a row can contain this text at all. No look-up finds other texts; PostgreSQL would fail
/// on them, or cut them at a NUL.
bool is_storable(std::string_view text);

/// If the token is already listed, its row stays as it is.
void insert_outstanding(Connection& connection, const OutstandingToken& token);
/// False: it was blacklisted already.
bool insert_blacklisted(Connection& connection, const OutstandingToken& token, Time when);

}  // namespace jwt_auth
