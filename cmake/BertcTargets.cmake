# Declares libraries, programs and tests with this project's compile options:
# warnings are errors, the include root is the repository, and generated
# headers are found under the same paths as written ones.

set(BERTC_WARNINGS -Wall -Wextra -Werror -Wno-unused-parameter
                   -Wno-missing-field-initializers)

# bertc_library(NAME SOURCES a.cpp ... [DEPS lib ...] [MLIR])
#   MLIR: sees the LLVM headers and links libMLIR and libLLVM; only dialects/,
#   passes/, models/, compiler/.
function(bertc_library name)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  bertc_compile_options(${name} ${ARG_MLIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
endfunction()

# bertc_executable(NAME SOURCES a.cpp ... [DEPS lib ...] [MLIR])
function(bertc_executable name)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  bertc_compile_options(${name} ${ARG_MLIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
endfunction()

# bertc_test(NAME SOURCES a.cpp ... [DEPS lib ...] [MLIR]): one GoogleTest
# program, run by ctest as NAME. BERTC_TEST_DATA names test/data.
function(bertc_test name)
  if(NOT BERTC_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  bertc_compile_options(${name} ${ARG_MLIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock_main)
  target_compile_definitions(
    ${name} PRIVATE BERTC_TEST_DATA="${PROJECT_SOURCE_DIR}/test/data"
                    BERTC_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                           ${CMAKE_BINARY_DIR}/test-bin)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# Applied to every target of ours.
function(bertc_compile_options name)
  target_include_directories(
    ${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}
                   ${PROJECT_SOURCE_DIR}/runtime/include)
  target_compile_options(${name} PRIVATE ${BERTC_WARNINGS})
  if(BERTC_SANITIZE)
    target_compile_options(${name} PRIVATE -fsanitize=${BERTC_SANITIZE}
                           -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${name} PUBLIC -fsanitize=${BERTC_SANITIZE})
  endif()
  if(ARGC GREATER 1 AND ARGV1)
    target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS}
                                                     ${MLIR_INCLUDE_DIRS})
    target_compile_definitions(${name} PUBLIC ${LLVM_DEFINITIONS_LIST})
    target_link_libraries(${name} PUBLIC MLIR LLVM)
    if(TARGET bertc_mlir_pch)
      target_precompile_headers(${name} REUSE_FROM bertc_mlir_pch)
    endif()
  endif()
endfunction()

# The LLVM-free build proves the split: fails when the link closure of a target
# names LLVM or MLIR.
function(bertc_assert_no_llvm target)
  get_target_property(libs ${target} LINK_LIBRARIES)
  if(libs MATCHES "LLVM|MLIR")
    message(FATAL_ERROR "${target} links ${libs}: the runtime side must not "
                        "depend on LLVM")
  endif()
endfunction()
