// A statement and its results, independent of the engine. Plain values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace jwt_auth {

/// A statement; one object per program, because what is prepared for it is kept by its address.
/// `parameters` and `columns` have one letter for each, in the order of the text: 'n' for a number,
/// 's' for a text. No parameter name occurs twice.
struct Query {
  const char* sql;
  const char* parameters;
  const char* columns;
};

/// The value of a parameter. Texts are copied.
using Value = std::variant<std::int64_t, std::string_view, std::nullptr_t>;
using Values = std::initializer_list<Value>;

/// The value of a parameter or a column.
struct Cell {
  char letter = 'n';
  bool is_null = false;
  long long number = 0;
  std::string text;
};

/// Valid until the same query runs again.
using Row = std::vector<Cell>;

/// One cell for each letter.
Row cells_for(const char* letters);
/// Throws logic_error if the values do not fit the cells, and runtime_error for a text with a NUL,
/// which PostgreSQL would truncate.
void set_cells(Row& cells, Values values);

}  // namespace jwt_auth
