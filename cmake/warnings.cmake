option(WARNINGS_AS_ERRORS "Treat compiler warnings as errors (development only, not for packagers)" OFF)

add_library(alicorn_warnings INTERFACE)
target_compile_options(alicorn_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  # base/mutex.hpp says which member is guarded by which mutex: only clang follows it.
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wthread-safety>
  $<$<BOOL:${WARNINGS_AS_ERRORS}>:-Werror>)
