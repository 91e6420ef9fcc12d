# Everything of ours is hardened, whatever the build type is called. The exceptions are the sanitizers, which need plain code
# (libstdc++'s assertions are on there, so that every test runs with them), and the preset `dev`.
option(HARDENING "Stack protector, FORTIFY, assertions of libstdc++, full RELRO" ON)

include(alicorn_harden)
check_pie_supported()
if(SANITIZE)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-D_GLIBCXX_ASSERTIONS>)
elseif(HARDENING)
  alicorn_hardening_options(compile link)
  add_compile_options(${compile})
  add_link_options(${link})
endif()
