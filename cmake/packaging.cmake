# cmake --install: the server, and everything that the author of an application builds against. Uses the GNU directories; the
# package stays usable if the whole prefix is moved.
include(CMakePackageConfigHelpers)

install(TARGETS alicorn RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(DIRECTORY app_api/include/alicorn DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

# Only headers: the package is the same for every architecture.
set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/alicorn")
install(TARGETS alicorn_app EXPORT alicornTargets)
install(EXPORT alicornTargets NAMESPACE alicorn:: DESTINATION "${package_dir}")
configure_package_config_file(cmake/alicornConfig.cmake.in "${PROJECT_BINARY_DIR}/package/alicornConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
# The ABI promises that an app built for one minor version runs on every later one of the same major.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/alicornConfigVersion.cmake"
  COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/package/alicornConfig.cmake"
  "${PROJECT_BINARY_DIR}/package/alicornConfigVersion.cmake" cmake/alicorn_add_app.cmake cmake/alicorn_harden.cmake
  DESTINATION "${package_dir}")

# The bundled application.
install(TARGETS jwt_auth LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/alicorn")
install(TARGETS jwt_auth_admin RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES examples/jwt_auth/jwt_auth.yaml examples/jwt_auth/README.md
  DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/alicorn/jwt_auth")

set(pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")
file(RELATIVE_PATH relative_prefix "${CMAKE_INSTALL_PREFIX}/${pkgconfig_dir}" "${CMAKE_INSTALL_PREFIX}")
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(includedir "${CMAKE_INSTALL_INCLUDEDIR}")
else()
  set(includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(cmake/alicorn.pc.in "${PROJECT_BINARY_DIR}/package/alicorn.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/alicorn.pc" DESTINATION "${pkgconfig_dir}")

configure_file(docs/man/alicorn.1.in "${PROJECT_BINARY_DIR}/package/alicorn.1" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/alicorn.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")

# The unit files contain the installed path of the binary.
foreach(unit alicorn.service alicorn@.service alicorn.socket)
  configure_file("systemd/${unit}.in" "${PROJECT_BINARY_DIR}/package/${unit}" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/package/${unit}" DESTINATION lib/systemd/system)
endforeach()

# Examples to copy and change: the proxy in front of the server, and log rotation.
install(FILES conf/alicorn.yaml conf/minimal.yaml conf/nginx.conf conf/haproxy.cfg conf/logrotate
  DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/alicorn/examples")
