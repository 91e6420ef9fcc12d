# alicorn_harden(TARGET...): the options that make memory errors harder to exploit, as the server itself is built. Used in this
# tree and, installed with the CMake package, by applications outside it. Nothing here looks at the build type: a packager may
# give it any name, and options that need optimisation detect it in the compiler.
include(CheckCCompilerFlag)
include(CheckCXXCompilerFlag)
include(CheckCSourceCompiles)
include(CheckCXXSourceCompiles)
include(CheckPIESupported)
include(CMakePushCheckState)

# Sets OUT if that language's compiler accepts the flag.
function(_alicorn_takes out language flag)
  string(MAKE_C_IDENTIFIER "ALICORN_${language}_TAKES_${flag}" variable)
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_QUIET TRUE)
  if(language STREQUAL "C")
    check_c_compiler_flag("${flag}" ${variable})
  else()
    check_cxx_compiler_flag("${flag}" ${variable})
  endif()
  cmake_pop_check_state()
  set(${out} "${${variable}}" PARENT_SCOPE)
endfunction()

# Sets OUT to the highest level of _FORTIFY_SOURCE. A level that compiler or libc lack would warn in every file.
function(_alicorn_fortify_level out language)
  set(variable ALICORN_${language}_HAS_FORTIFY_3)
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_FLAGS "-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
  set(CMAKE_REQUIRED_QUIET TRUE)
  set(source "#include <string.h>\n#if __USE_FORTIFY_LEVEL < 3\n#error\n#endif\nint main(void) { return 0; }")
  if(language STREQUAL "C")
    check_c_source_compiles("${source}" ${variable})
  else()
    check_cxx_source_compiles("${source}" ${variable})
  endif()
  cmake_pop_check_state()
  set(${out} 2 PARENT_SCOPE)
  if(${variable})
    set(${out} 3 PARENT_SCOPE)
  endif()
endfunction()

# Sets COMPILE and LINK to the options, either for a directory (add_compile_options) or for a target.
function(alicorn_hardening_options compile link)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  set(for_compiler)
  foreach(language IN ITEMS C CXX)
    if(NOT language IN_LIST languages)
      continue()
    endif()
    set(flags)
    foreach(flag IN ITEMS -fstack-protector-strong -fstack-clash-protection -fcf-protection -mbranch-protection=standard)
      _alicorn_takes(is_taken ${language} ${flag})
      if(is_taken)
        list(APPEND flags ${flag})
      endif()
    endforeach()
    # Without optimisation FORTIFY does nothing, and libc's headers warn about it. The compiler defines __OPTIMIZE__ as 1 if it
    # optimises this very file, whatever the configuration is called and wherever -O comes from. Pasted onto a name,
    # __OPTIMIZE__ selects one of two macros, and -Wundef has nothing to report.
    _alicorn_fortify_level(level ${language})
    list(APPEND flags -U_FORTIFY_SOURCE "-D_FORTIFY_SOURCE=ALICORN_FORTIFY_BY(__OPTIMIZE__)"
      "-DALICORN_FORTIFY_BY(x)=ALICORN_FORTIFY_AS(x)" "-DALICORN_FORTIFY_AS(x)=ALICORN_FORTIFY_##x"
      -DALICORN_FORTIFY_1=${level} -DALICORN_FORTIFY___OPTIMIZE__=0)
    if(language STREQUAL "CXX")
      list(APPEND flags -D_GLIBCXX_ASSERTIONS)  # only libstdc++ knows it
    endif()
    list(TRANSFORM flags REPLACE "(.+)" "$<$<COMPILE_LANGUAGE:${language}>:\\1>")
    list(APPEND for_compiler ${flags})
  endforeach()
  set(${compile} "${for_compiler}" PARENT_SCOPE)
  set(${link} -Wl,-z,relro,-z,now,-z,noexecstack PARENT_SCOPE)
endfunction()

function(alicorn_harden)
  alicorn_hardening_options(compile link)
  check_pie_supported()
  foreach(target IN LISTS ARGN)
    target_compile_options(${target} PRIVATE ${compile})
    target_link_options(${target} PRIVATE ${link})
    # This makes a program a PIE. A library must fit into one.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endforeach()
endfunction()
