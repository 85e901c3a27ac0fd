# An application besides the benchmark as a static library: lib<application>.a. What its CMakeLists.txt must be given:
#
#   MCUMATRIX_BOARD      a folder under board/
#   MCUMATRIX_GENERATED  folder with wire.h
#   MCUMATRIX_FLAGS      compiler flags, besides those that cmake/arm-none-eabi.cmake takes from the chip
#
# Neither clock nor model nor runtime are known to it.
include("${CMAKE_CURRENT_LIST_DIR}/../cmake/common.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/../cmake/board.cmake")

function(require_variables)
  foreach(variable ${ARGN})
    if("${${variable}}" STREQUAL "")
      message(FATAL_ERROR "${variable} is not set; see the top of ${CMAKE_CURRENT_LIST_FILE}.")
    endif()
  endforeach()
endfunction()

require_variables(MCUMATRIX_BOARD MCUMATRIX_GENERATED)
read_board("${MCUMATRIX_BOARD}")

# Compiles `sources`. `section` begins the names of all its sections, which its image.ld places: the script of a family
# places sections by their own names.
function(add_application name section)
  add_library(${name} STATIC ${ARGN})
  target_include_directories(${name} PRIVATE
    "${CMAKE_SOURCE_DIR}"
    "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../app"
    "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../common"
    "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../include"
    "${family}"
    "${chip}"
    "${MCUMATRIX_GENERATED}"
  )
  target_compile_options(${name} PRIVATE
    -Wall -Wextra -Werror
    "-ffile-prefix-map=${MCUMATRIX_GENERATED}=generated"
    -fno-unwind-tables -fno-asynchronous-unwind-tables
  )
  # clang notes for each function that nothing is to be unwound, which would be a section each.
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND "${CMAKE_OBJCOPY}" --prefix-alloc-sections=${section} "--remove-section=.ARM.exidx*"
      "$<TARGET_FILE:${name}>"
    VERBATIM
  )
endfunction()
