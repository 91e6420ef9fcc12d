# llhttp comes from an installed 9.x, otherwise from the private prefix that script/bootstrap unpacks under build/, otherwise
# from the 8.1.0 C sources of Debian 12's node-llhttp. LLHTTP_FROM_SOURCES=ON forces the last one, for the tests.
option(LLHTTP_FROM_SOURCES "Build llhttp 8.1.0 from node-llhttp's sources even where 9.x is installed" OFF)
set(LLHTTP_SOURCES "/usr/share/llhttp" CACHE PATH "Folder of node-llhttp's C sources")
set(LLHTTP_SOURCES_INCLUDE "/usr/share/include/llhttp" CACHE PATH "Folder of node-llhttp's llhttp.h")

add_library(alicorn_llhttp INTERFACE)
if(NOT LLHTTP_FROM_SOURCES)
  find_path(LLHTTP_INCLUDE_DIR llhttp.h
    HINTS "${CMAKE_SOURCE_DIR}/build/llhttp/usr/include")
  find_library(LLHTTP_LIBRARY NAMES libllhttp.a
    HINTS "${CMAKE_SOURCE_DIR}/build/llhttp/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}"
          "${CMAKE_SOURCE_DIR}/build/llhttp/usr/lib")
  if(LLHTTP_INCLUDE_DIR AND LLHTTP_LIBRARY)
    file(STRINGS "${LLHTTP_INCLUDE_DIR}/llhttp.h" llhttp_major REGEX "define LLHTTP_VERSION_MAJOR")
    string(REGEX REPLACE ".*MAJOR ([0-9]+).*" "\\1" llhttp_major "${llhttp_major}")
  endif()
endif()
if(NOT LLHTTP_FROM_SOURCES AND llhttp_major AND llhttp_major GREATER_EQUAL 9)
  target_include_directories(alicorn_llhttp SYSTEM INTERFACE "${LLHTTP_INCLUDE_DIR}")
  target_link_libraries(alicorn_llhttp INTERFACE "${LLHTTP_LIBRARY}")
  message(STATUS "llhttp: ${LLHTTP_LIBRARY}")
elseif(EXISTS "${LLHTTP_SOURCES}/llhttp.c")
  add_library(alicorn_llhttp8 STATIC
    "${LLHTTP_SOURCES}/llhttp.c" "${LLHTTP_SOURCES}/api.c" "${LLHTTP_SOURCES}/http.c")
  target_include_directories(alicorn_llhttp8 SYSTEM PUBLIC "${LLHTTP_SOURCES_INCLUDE}")
  # The header's default is 0, which would allow request smuggling.
  target_compile_definitions(alicorn_llhttp8 PUBLIC LLHTTP_STRICT_MODE=1)
  target_link_libraries(alicorn_llhttp INTERFACE alicorn_llhttp8)
  message(STATUS "llhttp: 8.1.0 from ${LLHTTP_SOURCES}, strict")
else()
  message(FATAL_ERROR "llhttp not found: run script/bootstrap, or install libllhttp-dev (9.x) or node-llhttp")
endif()
