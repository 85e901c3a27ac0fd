# Cross compiling with GNU Arm Embedded for an Arm without an operating system.
#
#   MCUMATRIX_TOOLCHAIN_PREFIX  what stands before gcc, g++, ar, objcopy; a path is welcome
#   MCUMATRIX_CPU_FLAGS         what chooses core and FPU, such as "-mcpu=cortex-m7 -mthumb"; where it is not given,
#                               those of the chip that MCUMATRIX_BOARD has
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)

set(MCUMATRIX_TOOLCHAIN_PREFIX "arm-none-eabi-" CACHE STRING "What stands before gcc, g++, ar, objcopy")
# CMake reads this file again for every check that it compiles, in a project that knows no variables of ours.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MCUMATRIX_TOOLCHAIN_PREFIX MCUMATRIX_CPU_FLAGS MCUMATRIX_BOARD)

if("${MCUMATRIX_CPU_FLAGS}" STREQUAL "")
  if("${MCUMATRIX_BOARD}" STREQUAL "")
    message(FATAL_ERROR "Neither MCUMATRIX_BOARD nor MCUMATRIX_CPU_FLAGS says what to compile for; "
      "see the top of ${CMAKE_CURRENT_LIST_FILE}.")
  endif()
  include("${CMAKE_CURRENT_LIST_DIR}/board.cmake")
  read_board("${MCUMATRIX_BOARD}")
  set(MCUMATRIX_CPU_FLAGS "${chip_flags}")
endif()

find_program(MCUMATRIX_GCC "${MCUMATRIX_TOOLCHAIN_PREFIX}gcc" NO_CACHE)
if(NOT MCUMATRIX_GCC)
  message(FATAL_ERROR "There is no ${MCUMATRIX_TOOLCHAIN_PREFIX}gcc. Install the toolchain (on Debian: "
    "gcc-arm-none-eabi and libnewlib-arm-none-eabi), or set MCUMATRIX_TOOLCHAIN_PREFIX to where it is.")
endif()
string(REGEX REPLACE "gcc$" "" prefix "${MCUMATRIX_GCC}")
set(CMAKE_C_COMPILER "${prefix}gcc")
set(CMAKE_CXX_COMPILER "${prefix}g++")
foreach(tool AR RANLIB OBJCOPY SIZE)
  string(TOLOWER "${tool}" name)
  set(CMAKE_${tool} "${prefix}${name}" CACHE FILEPATH "")
endforeach()

# A bare-metal program links only with our linker script, so CMake's own check of the compiler cannot work. What
# it would find out by compiling is said here instead: that makes configuring five times faster.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
execute_process(
  COMMAND "${MCUMATRIX_GCC}" -dumpfullversion
  OUTPUT_VARIABLE version
  OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY
)
foreach(language C CXX)
  set(CMAKE_${language}_COMPILER_FORCED TRUE)
  set(CMAKE_${language}_COMPILER_ID_RUN TRUE)
  set(CMAKE_${language}_COMPILER_ID GNU)
  set(CMAKE_${language}_COMPILER_VERSION "${version}")
  set(CMAKE_${language}_STANDARD_COMPUTED_DEFAULT 17)
  set(CMAKE_${language}_EXTENSIONS_COMPUTED_DEFAULT ON)
  set(CMAKE_${language}_FLAGS_INIT
    "${MCUMATRIX_CPU_FLAGS} -ffunction-sections -fdata-sections -fno-common")
endforeach()
set(CMAKE_C_COMPILE_FEATURES c_std_90 c_std_99 c_std_11 c_std_17)
set(CMAKE_CXX_COMPILE_FEATURES cxx_std_98 cxx_std_11 cxx_std_14 cxx_std_17)

# D: no time, user or mode in archives.
foreach(language C CXX)
  set(CMAKE_${language}_ARCHIVE_CREATE "<CMAKE_AR> qcD <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${language}_ARCHIVE_APPEND "<CMAKE_AR> qD <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${language}_ARCHIVE_FINISH "<CMAKE_RANLIB> -D <TARGET>")
endforeach()

option(MCUMATRIX_CCACHE "Compile through ccache where there is one" OFF)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MCUMATRIX_CCACHE)
if(MCUMATRIX_CCACHE)
  find_program(MCUMATRIX_CCACHE_PROGRAM ccache)
  if(MCUMATRIX_CCACHE_PROGRAM)
    set(CMAKE_C_COMPILER_LAUNCHER "${MCUMATRIX_CCACHE_PROGRAM}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${MCUMATRIX_CCACHE_PROGRAM}")
  endif()
endif()
