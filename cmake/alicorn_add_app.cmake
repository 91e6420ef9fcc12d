# alicorn_add_app(NAME [HARDENED] SOURCE...): a shared object that `alicorn ./NAME.so` serves. HARDENED: built with
# what alicorn_harden() gives. Used by the examples inside this tree and, installed with the CMake package, by
# applications outside it.
function(alicorn_add_app name)
  cmake_parse_arguments(PARSE_ARGV 1 app "HARDENED" "" "")
  add_library(${name} MODULE ${app_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE alicorn::app)
  # Only the entry point is exported: an app must not lend its other symbols to the server's process.
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  get_target_property(standard ${name} CXX_STANDARD)
  if(NOT standard)
    set_target_properties(${name} PROPERTIES CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)  # what app.hpp needs
  endif()
  if(app_HARDENED)
    alicorn_harden(${name})
  endif()
endfunction()
