// What a process has open: files, whose close may wait for a disk, and everything else. Any
// process.
#pragma once

#include <initializer_list>
#include <vector>

#include <sys/types.h>

namespace alicorn {

/// As in stat's st_mode; 0: it is not open. Asks no disk, and no server of a network file system.
mode_t type_of(int fd);
bool is_regular_file(int fd);
/// Out of the list, which keeps the others.
std::vector<int> take_regular_files(std::vector<int>& fds);
/// Closes what is neither a regular file, nor a standard stream, nor one of these. Nothing where
/// there is no /proc.
void close_all_but_files(std::initializer_list<int> kept);

}  // namespace alicorn
