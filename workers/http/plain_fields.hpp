// The short way through the fields of a head: one pass over a block that has arrived whole and has
// nothing unusual in it. Plain functions of bytes. Worker, I/O thread.
#pragma once

#include "workers/http/field_block.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace alicorn {

struct PlainFields {
  std::uint32_t empty_line;      ///< where it is in the block
  std::uint64_t content_length;  ///< 0 also if there is no Content-Length
};

/// Reads the field lines from `begin` to the empty line and appends the fields, as FieldBlock
/// describes them.
///
/// Returns nothing if the block must be read by llhttp: it has not arrived whole, breaks a rule or
/// a limit, or has a field that llhttp reads for the framing (Transfer-Encoding, a second
/// Content-Length or one that is no number). `fields` are then of no use, and the names of lines
/// that were read are in lower case. What is accepted here, llhttp accepts as the same fields with
/// the same framing: tests/fuzz/http_fields_fuzz.cpp holds that.
std::optional<PlainFields> read_plain_fields(char* block, std::size_t begin, std::size_t end,
                                             const HttpLimits& limits,
                                             WorkerSettings::HeaderMap header_map,
                                             std::vector<FieldBlock::Field>& fields);

}  // namespace alicorn
