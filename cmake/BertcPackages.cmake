# Every library the project uses, found in one place.

find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(FlatBuffers REQUIRED CONFIG)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(leveldb REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(Threads REQUIRED)

# Optional: without it there is no libbertc-mpi.so, and runs are of one process.
find_package(MPI QUIET COMPONENTS C)

find_package(PkgConfig REQUIRED)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)

# oneDNN 3: the system's, or the GNU-OpenMP wheel that tools/setup unpacks.
find_package(dnnl 3 QUIET CONFIG)
if(NOT dnnl_FOUND)
  find_package(dnnl 3 REQUIRED CONFIG
               PATHS ${PROJECT_SOURCE_DIR}/.deps/venv/lib/cmake/dnnl
               NO_DEFAULT_PATH)
endif()

if(BERTC_BUILD_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark QUIET)
endif()

if(BERTC_BUILD_COMPILER)
  find_package(MLIR 22.1 REQUIRED CONFIG PATHS /usr/lib/llvm-22/lib/cmake/mlir)
  list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
  include(TableGen)
  include(AddLLVM)
  include(AddMLIR)
  separate_arguments(LLVM_DEFINITIONS_LIST UNIX_COMMAND "${LLVM_DEFINITIONS}")
  list(TRANSFORM LLVM_DEFINITIONS_LIST REPLACE "^-D" "")
endif()
