# Makes test programs quick to compile. Alone, a file of tests spends most of its time on what its neighbours need as well: the
# headers, and the same instances of the templates of GoogleTest and the standard library.

# GoogleTest is read once, for all of them. (The tests of app_api contain C as well.)
file(CONFIGURE OUTPUT no_tests.cpp CONTENT "int main() { return 0; }\n")
add_executable(precompiled_for_tests EXCLUDE_FROM_ALL "${PROJECT_BINARY_DIR}/nothing.c" "${CMAKE_CURRENT_BINARY_DIR}/no_tests.cpp")
target_link_libraries(precompiled_for_tests PRIVATE GTest::gmock alicorn_warnings)
target_precompile_headers(precompiled_for_tests PRIVATE "$<$<COMPILE_LANGUAGE:C>:<stddef.h$<ANGLE-R>>"
  "$<$<COMPILE_LANGUAGE:CXX>:<gmock/gmock.h$<ANGLE-R>>" "$<$<COMPILE_LANGUAGE:CXX>:<gtest/gtest.h$<ANGLE-R>>")

find_package(Python3 COMPONENTS Interpreter REQUIRED)
# More would save little more, and a change of one file compiles all of its group.
set(files_per_group 8)

# quick_tests(TARGET): compiles the target's tests of one folder in groups, each as one file. Where headers are not precompiled,
# each file is compiled alone. CMake's UNITY_BUILD would not do: two files could not use one name for different things, and it
# writes absolute paths, so that ccache would find nothing in another clone.
function(quick_tests target)
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    return()
  endif()
  target_precompile_headers(${target} REUSE_FROM precompiled_for_tests)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "_test\\.cpp$")  # a test stands in its anonymous namespace as a whole
  set(groups)
  foreach(source IN LISTS sources)
    get_filename_component(source "${source}" ABSOLUTE)
    get_filename_component(folder "${source}" DIRECTORY)
    file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}/tests" "${folder}")
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    math(EXPR number "(0${count_of_${folder}}) / ${files_per_group}")
    math(EXPR count_of_${folder} "0${count_of_${folder}} + 1")
    set(group "${folder}_${number}")
    list(APPEND groups ${group})
    list(APPEND sources_of_${group} "${source}")
  endforeach()
  list(REMOVE_DUPLICATES groups)
  set(script "${PROJECT_SOURCE_DIR}/cmake/unite_tests.py")
  file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/${target}_united")
  foreach(group IN LISTS groups)
    set(united "${CMAKE_CURRENT_BINARY_DIR}/${target}_united/${group}.cpp")
    add_custom_command(OUTPUT "${united}" DEPENDS "${script}" ${sources_of_${group}} VERBATIM
      COMMAND "${Python3_EXECUTABLE}" -I -S -B "${script}" "${united}" "${PROJECT_BINARY_DIR}" ${sources_of_${group}})
    set_source_files_properties(${sources_of_${group}} TARGET_DIRECTORY ${target} PROPERTIES HEADER_FILE_ONLY ON)
    target_sources(${target} PRIVATE "${united}")
  endforeach()
endfunction()
