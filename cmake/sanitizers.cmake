set(SANITIZE "" CACHE STRING "Comma-separated sanitizers, for example address,undefined")

if(SANITIZE)
  # Only the fuzz targets get libFuzzer's main. Everything else is merely instrumented for it.
  string(REPLACE "fuzzer" "fuzzer-no-link" sanitizers "${SANITIZE}")
  add_compile_options(-fsanitize=${sanitizers} -fno-omit-frame-pointer -fno-sanitize-recover=all -g)
  add_link_options(-fsanitize=${sanitizers})
  # gcc says so by macros. clang has only __has_feature, which gcc 12 does not know.
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    if(SANITIZE MATCHES "address")
      add_compile_definitions(__SANITIZE_ADDRESS__=1)
    endif()
    if(SANITIZE MATCHES "thread")
      add_compile_definitions(__SANITIZE_THREAD__=1)
    endif()
  endif()
endif()
