set(SANITIZE "" CACHE STRING "Comma-separated sanitizers, for example address,undefined")

if(SANITIZE)
  # Only the fuzz targets get libFuzzer's main. Everything else is merely instrumented for it.
  string(REPLACE "fuzzer" "fuzzer-no-link" sanitizers "${SANITIZE}")
  add_compile_options(-fsanitize=${sanitizers} -fno-omit-frame-pointer -fno-sanitize-recover=all -g)
  add_link_options(-fsanitize=${sanitizers})
  # clang's check of calls through pointers reads the bytes before a function. Code that a test generates has none before it.
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=function)
  endif()
  # gcc says so by macros. clang has only __has_feature, which gcc 12 does not know.
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    if(SANITIZE MATCHES "address")
      add_compile_definitions(__SANITIZE_ADDRESS__=1)
    endif()
    # As gcc does: an app has what it needs of the runtime also in a process that is not instrumented.
    if(SANITIZE MATCHES "address" AND NOT SANITIZE MATCHES "fuzzer")
      execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -print-file-name=libclang_rt.asan-${CMAKE_SYSTEM_PROCESSOR}.so
        OUTPUT_VARIABLE runtime OUTPUT_STRIP_TRAILING_WHITESPACE)
      get_filename_component(runtime_folder "${runtime}" DIRECTORY)
      add_link_options(-shared-libasan "-Wl,-rpath,${runtime_folder}")
    endif()
    if(SANITIZE MATCHES "thread")
      add_compile_definitions(__SANITIZE_THREAD__=1)
    endif()
  endif()
endif()
