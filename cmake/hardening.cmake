# Release builds only: FORTIFY needs optimisation, and the sanitizers want to see plain code.
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT SANITIZE)
  include(CheckPIESupported)
  check_pie_supported()
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)

  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-fcf-protection HAVE_CF_PROTECTION)  # x86 only
  if(HAVE_CF_PROTECTION)
    add_compile_options(-fcf-protection)
  endif()
endif()
