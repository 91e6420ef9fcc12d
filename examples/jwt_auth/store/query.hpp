// What is asked of a database and what comes back, whichever engine answers. Plain values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace jwt_auth {

/// A statement of which one object exists per program: what is kept of it is kept by its address. A
/// letter for each parameter, in the order of the text, and for each column: 'n' a number, 's' a
/// text. No parameter's name stands in it twice.
struct Query {
  const char* sql;
  const char* parameters;
  const char* columns;
};

/// Of a parameter. Texts are copied.
using Value = std::variant<std::int64_t, std::string_view, std::nullptr_t>;
using Values = std::initializer_list<Value>;

/// What a parameter or a column holds.
struct Cell {
  char letter = 'n';
  bool is_null = false;
  long long number = 0;
  std::string text;
};

/// Good until the same query runs again.
using Row = std::vector<Cell>;

/// As many cells as letters.
Row cells_for(const char* letters);
/// Throws logic_error where the values do not fit the cells, and runtime_error for a text with a
/// NUL, of which PostgreSQL would take what is before it.
void set_cells(Row& cells, Values values);

}  // namespace jwt_auth
