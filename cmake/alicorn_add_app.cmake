# alicorn_add_app(NAME [HARDENED] SOURCE...): a shared object that `alicorn ./NAME.so` serves. HARDENED builds it with the
# options of alicorn_harden(). Used by the examples in this tree and, installed with the CMake package, by applications outside
# it.
function(alicorn_add_app name)
  cmake_parse_arguments(PARSE_ARGV 1 app "HARDENED" "" "")
  add_library(${name} MODULE ${app_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE alicorn::app)
  # Export only the entry point: an app must not lend its other symbols to the server's process.
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  get_target_property(standard ${name} CXX_STANDARD)
  if(NOT standard)
    set_target_properties(${name} PROPERTIES CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)  # app.hpp needs it
  endif()
  if(app_HARDENED)
    alicorn_harden(${name})
  endif()
endfunction()
