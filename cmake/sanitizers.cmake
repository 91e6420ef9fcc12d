set(SANITIZE "" CACHE STRING "Comma-separated sanitizers, for example address,undefined")

if(SANITIZE)
  add_compile_options(-fsanitize=${SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g)
  if(NOT SANITIZE MATCHES "fuzzer")
    add_link_options(-fsanitize=${SANITIZE})
  endif()
endif()
