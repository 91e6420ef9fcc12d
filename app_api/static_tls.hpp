// Whether the loader has room left for thread-local memory of a library that wants it in the block
// which each thread gets at its birth. `alicorn check`.
#pragma once

#include "app_api/elf_file.hpp"

#include <optional>
#include <string>
#include <vector>

namespace alicorn {

/// Asks the loader itself, with objects that have such memory and nothing else: no code, no
/// constructor. All of them together. Nothing: it could not be asked.
std::optional<bool> has_room_for_static_tls(const std::vector<ElfFile::StaticTls>& wanted);

/// Such an object: a whole shared library in bytes.
std::string make_tls_object(const ElfFile::StaticTls& wanted);

}  // namespace alicorn
