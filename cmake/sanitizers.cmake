set(SANITIZE "" CACHE STRING "Comma-separated sanitizers, for example address,undefined")

if(SANITIZE)
  # Only the fuzz targets get libFuzzer's main. Everything else is merely instrumented for it.
  string(REPLACE "fuzzer" "fuzzer-no-link" sanitizers "${SANITIZE}")
  add_compile_options(-fsanitize=${sanitizers} -fno-omit-frame-pointer -fno-sanitize-recover=all -g)
  add_link_options(-fsanitize=${sanitizers})
  # To check a vptr, the runtime makes a pipe to see which memory it may read. Some tests use up all descriptors.
  add_compile_options(-fno-sanitize=vptr)
endif()
