# Functions and line numbers are enough for backtraces, and take a fifth less time to compile and link than variables do.
# (Preset `debug` has variables, for a debugger.)
option(DEBUG_VARIABLES "Debugging information about variables and types" ON)
if(NOT DEBUG_VARIABLES)
  add_compile_options(-g1)
endif()

# Builds for work and for tests are linked by lld if it is there: GNU ld takes eight times as long for the server. What is
# installed is hardened, and linked by the default linker.
find_program(LLD_PROGRAM ld.lld)
if(LLD_PROGRAM AND (SANITIZE OR NOT HARDENING))
  add_link_options(-fuse-ld=lld)
endif()
