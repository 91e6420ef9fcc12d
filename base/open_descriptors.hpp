// Lists and closes the descriptors of a process. Regular files are kept apart because closing one
// may wait for a disk. Used in any process.
#pragma once

#include <initializer_list>
#include <vector>

#include <sys/types.h>

namespace alicorn {

/// The type bits as in stat's st_mode; 0 if the descriptor is not open. Asks neither a disk nor the
/// server of a network file system.
mode_t type_of(int fd);
bool is_regular_file(int fd);
/// All of this process. Empty if there is no /proc.
std::vector<int> open_descriptors();
/// Moves the regular files out of the list.
std::vector<int> take_regular_files(std::vector<int>& fds);
/// Closes all descriptors but regular files, standard streams and `kept`. Does nothing if there is
/// no /proc.
void close_all_but_files(std::initializer_list<int> kept);

}  // namespace alicorn
