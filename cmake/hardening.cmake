# Everything of ours is hardened, whatever the build type is called. Not under the sanitizers, which want to see plain
# code; there libstdc++'s assertions are on, so that every test meets them. The preset `dev` does without.
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
