# What is installed. Component `runtime`: what runs plans (the shared library,
# the programs that need no LLVM, and what they load). Component `development`:
# public headers and a CMake package for projects that link the library.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# By object, so that the whole public interface is in, used inside or not.
set(objects bertc_runtime bertc_plan bertc_runtime_base bertc_status)
list(TRANSFORM objects REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>")
add_library(bertc_runtime_shared SHARED ${objects})
target_link_libraries(bertc_runtime_shared PRIVATE bertc_runtime)
if(BERTC_SANITIZE)
  target_link_options(bertc_runtime_shared PRIVATE
                      -fsanitize=${BERTC_SANITIZE})
endif()
target_include_directories(
  bertc_runtime_shared
  PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
         $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(bertc_runtime_shared PUBLIC cxx_std_17)
set_target_properties(
  bertc_runtime_shared
  PROPERTIES LINKER_LANGUAGE CXX
             OUTPUT_NAME bertc_runtime
             EXPORT_NAME runtime
             VERSION ${PROJECT_VERSION}
             SOVERSION ${PROJECT_VERSION_MAJOR}
             INSTALL_RPATH "$ORIGIN")

# A oneDNN that was unpacked inside the checkout goes along.
get_target_property(dnnl_file DNNL::dnnl LOCATION)
if(dnnl_file MATCHES "^${PROJECT_SOURCE_DIR}/")
  install(PROGRAMS $<TARGET_FILE_DIR:DNNL::dnnl>/libdnnl.so.3
          DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime)
endif()

install(TARGETS bertc_runtime_shared EXPORT bertc-targets
        LIBRARY COMPONENT runtime NAMELINK_COMPONENT development)
install(DIRECTORY include/bertc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT development)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/bertc)
install(EXPORT bertc-targets NAMESPACE bertc:: DESTINATION ${package_dir}
        COMPONENT development)
configure_package_config_file(
  bertc-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/bertc-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(
  ${CMAKE_CURRENT_BINARY_DIR}/bertc-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bertc-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/bertc-config-version.cmake
        DESTINATION ${package_dir} COMPONENT development)
