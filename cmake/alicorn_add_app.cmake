# alicorn_add_app(NAME SOURCE...): a shared object that `alicorn ./NAME.so` serves. Used by the examples inside
# this tree and, installed with the CMake package, by applications outside it.
function(alicorn_add_app name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE alicorn::app)
  # Only the entry point is exported: an app must not lend its other symbols to the server's process.
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
endfunction()
