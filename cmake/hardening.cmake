# Release builds only: FORTIFY needs optimisation, and the sanitizers want to see plain code.
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT SANITIZE)
  include(CheckPIESupported)
  check_pie_supported()
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
endif()
