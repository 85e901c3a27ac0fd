# What libraries and images have in common.
get_filename_component(firmware "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)

set(MCUMATRIX_RUNTIME "" CACHE STRING "A folder under runtime/")
set(MCUMATRIX_FLAGS "-O2" CACHE STRING "Compiler flags for everything that is compiled here")

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)

# Same inputs, same bytes, wherever they lie.
separate_arguments(flags UNIX_COMMAND "${MCUMATRIX_FLAGS}")
add_compile_options(
  -g
  ${flags}
  "-ffile-prefix-map=${firmware}=firmware"
  "-ffile-prefix-map=${CMAKE_BINARY_DIR}=build"
)
