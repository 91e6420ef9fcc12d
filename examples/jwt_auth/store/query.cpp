#include "store/query.hpp"

#include <stdexcept>

namespace jwt_auth {
namespace {

void set_cell(Cell& cell, const Value& value) {
  cell.is_null = std::holds_alternative<std::nullptr_t>(value);
  if (cell.is_null) return;
  if (const auto* number = std::get_if<std::int64_t>(&value); number != nullptr) {
    if (cell.letter != 'n') throw std::logic_error("a number for a text");
    cell.number = *number;
    return;
  }
  if (cell.letter != 's') throw std::logic_error("a text for a number");
  const std::string_view text = std::get<std::string_view>(value);
  if (text.find('\0') != std::string_view::npos) {
    throw std::runtime_error("a text with a NUL cannot be stored");
  }
  cell.text.assign(text);
}

}  // namespace

Row cells_for(const char* letters) {
  Row cells;
  for (; *letters != '\0'; ++letters) cells.emplace_back().letter = *letters;
  return cells;
}

void set_cells(Row& cells, Values values) {
  if (values.size() != cells.size()) throw std::logic_error("wrong number of values");
  std::size_t i = 0;
  for (const Value& value : values) set_cell(cells[i++], value);
}

}  // namespace jwt_auth
