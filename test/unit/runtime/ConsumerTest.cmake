# Installs the runtime to a scratch prefix, then configures, builds and runs the
# example as a project of its own that knows only find_package(bertc).
# Variables: BUILD_DIR, SOURCE_DIR, SCRATCH, WRITE_PLAN, CXX.
function(must)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE out
                  ERROR_VARIABLE out)
  if(failed)
    message(FATAL_ERROR "${ARGN}\n${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
foreach(component runtime development)
  must(${CMAKE_COMMAND} --install ${BUILD_DIR} --component ${component}
       --prefix ${SCRATCH}/prefix)
endforeach()
file(WRITE ${SCRATCH}/CMakeLists.txt
"cmake_minimum_required(VERSION 3.23)
project(consumer LANGUAGES CXX)
find_package(bertc CONFIG REQUIRED)
add_executable(predict ${SOURCE_DIR}/runtime/examples/predict.cpp)
target_link_libraries(predict PRIVATE bertc::runtime)
")
must(${CMAKE_COMMAND} -S ${SCRATCH} -B ${SCRATCH}/build
     -DCMAKE_PREFIX_PATH=${SCRATCH}/prefix -DCMAKE_CXX_COMPILER=${CXX})
must(${CMAKE_COMMAND} --build ${SCRATCH}/build)
must(${WRITE_PLAN} ${SCRATCH}/tiny.plan)
must(${SCRATCH}/build/predict ${SCRATCH}/tiny.plan)
if(NOT out MATCHES "y \\[4,8\\]: 0.125")
  message(FATAL_ERROR "unexpected output: ${out}")
endif()
execute_process(COMMAND ${SCRATCH}/build/predict ${SCRATCH}/absent.plan
                RESULT_VARIABLE code ERROR_VARIABLE out)
if(NOT out MATCHES "absent.plan" OR code EQUAL 0)
  message(FATAL_ERROR "a missing plan gave code ${code} and: ${out}")
endif()
