# Every third-party library that the server links, in one place. Debian's archives are linked statically if they exist, so that
# an application with its own version of a library never meets the server's.
find_package(Threads REQUIRED)

# Boost 1.81, not Debian 12's default 1.74: the server needs its fixes of coroutines and handler memory (docs/decisions).
find_path(BOOST_ASIO_INCLUDE_DIR boost/asio.hpp PATHS /usr/include REQUIRED)
add_library(alicorn_asio INTERFACE)
target_include_directories(alicorn_asio SYSTEM INTERFACE "${BOOST_ASIO_INCLUDE_DIR}")
target_compile_definitions(alicorn_asio INTERFACE BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(alicorn_asio INTERFACE Threads::Threads)

# spdlog and fmt are used header-only: Debian ships them only as shared objects.
find_path(SPDLOG_INCLUDE_DIR spdlog/spdlog.h REQUIRED)
find_path(FMT_INCLUDE_DIR fmt/core.h REQUIRED)
add_library(alicorn_fmt INTERFACE)
target_include_directories(alicorn_fmt SYSTEM INTERFACE "${FMT_INCLUDE_DIR}")
target_compile_definitions(alicorn_fmt INTERFACE FMT_HEADER_ONLY)
add_library(alicorn_spdlog INTERFACE)
target_include_directories(alicorn_spdlog SYSTEM INTERFACE "${SPDLOG_INCLUDE_DIR}")
target_compile_definitions(alicorn_spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(alicorn_spdlog INTERFACE alicorn_fmt)

find_path(EXPECTED_INCLUDE_DIR tl/expected.hpp REQUIRED)
add_library(alicorn_expected INTERFACE)
target_include_directories(alicorn_expected SYSTEM INTERFACE "${EXPECTED_INCLUDE_DIR}")

# libiberty's demanglers, for names in backtraces. Unlike the C++ library's they work in a signal handler, and they know Rust.
# (Debian: libiberty-dev; the archive is position-independent.)
find_path(LIBIBERTY_INCLUDE_DIR demangle.h PATH_SUFFIXES libiberty REQUIRED)
find_library(LIBIBERTY_LIBRARY NAMES libiberty.a REQUIRED)
add_library(alicorn_libiberty INTERFACE)
target_include_directories(alicorn_libiberty SYSTEM INTERFACE "${LIBIBERTY_INCLUDE_DIR}")
target_compile_definitions(alicorn_libiberty INTERFACE HAVE_DECL_BASENAME=1)  # otherwise demangle.h declares its own
target_link_libraries(alicorn_libiberty INTERFACE "${LIBIBERTY_LIBRARY}")

find_path(CLI11_INCLUDE_DIR CLI/CLI.hpp REQUIRED)
add_library(alicorn_cli11 INTERFACE)
target_include_directories(alicorn_cli11 SYSTEM INTERFACE "${CLI11_INCLUDE_DIR}")

find_path(YAML_CPP_INCLUDE_DIR yaml-cpp/yaml.h REQUIRED)
find_library(YAML_CPP_LIBRARY NAMES libyaml-cpp.a yaml-cpp REQUIRED)
add_library(alicorn_yaml_cpp INTERFACE)
target_include_directories(alicorn_yaml_cpp SYSTEM INTERFACE "${YAML_CPP_INCLUDE_DIR}")
target_link_libraries(alicorn_yaml_cpp INTERFACE "${YAML_CPP_LIBRARY}")
# Its headers do not contain the version; its CMake package does.
find_package(yaml-cpp CONFIG QUIET)
target_compile_definitions(alicorn_yaml_cpp INTERFACE ALICORN_YAML_CPP_VERSION="${yaml-cpp_VERSION}")

include(llhttp)
