// Gives a container's memory back. Used in any process.
#pragma once

namespace alicorn {

/// Empties a string or a vector and frees its memory. (Assigning an empty std::string keeps it: the
/// library copies what is short.)
template <class Container>
void free_memory(Container& container) noexcept {
  Container().swap(container);
}

}  // namespace alicorn
