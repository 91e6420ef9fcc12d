find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without the folder in the hash, presets that differ in few flags share most of what they compile.
  set(CMAKE_C_COMPILER_LAUNCHER env CCACHE_NOHASHDIR=1 "${CCACHE_PROGRAM}")
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_NOHASHDIR=1 "${CCACHE_PROGRAM}")
endif()
