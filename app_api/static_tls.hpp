// Checks whether the loader has room for a library's static TLS: thread-local memory in the block
// that each thread gets when it starts. `alicorn check`.
#pragma once

#include "app_api/elf_file.hpp"

#include <optional>
#include <string>
#include <vector>

namespace alicorn {

/// Asks the loader itself, with objects that contain such memory but neither code nor constructors.
/// Tests all of `wanted` together. Empty: the loader could not be asked.
std::optional<bool> has_room_for_static_tls(const std::vector<ElfFile::StaticTls>& wanted);

/// The bytes of such an object, a complete shared library.
std::string make_tls_object(const ElfFile::StaticTls& wanted);

}  // namespace alicorn
