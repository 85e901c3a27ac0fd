# Cross compiling with GNU Arm Embedded for an Arm without an operating system.
#
#   MCUMATRIX_TOOLCHAIN_PREFIX  what stands before gcc, g++, ar, objcopy; a path is welcome
#   MCUMATRIX_CPU_FLAGS         what chooses core and FPU, such as "-mcpu=cortex-m7 -mthumb"; where it is not given,
#                               those of the chip that MCUMATRIX_BOARD has
#   MCUMATRIX_CLANG             a clang that compiles; the headers and libraries of C and C++, the assembler of gcc's
#                               files and the linker stay those of gcc
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)

set(MCUMATRIX_TOOLCHAIN_PREFIX "arm-none-eabi-" CACHE STRING "What stands before gcc, g++, ar, objcopy")
# CMake reads this file again for every check that it compiles, in a project that knows no variables of ours.
set(MCUMATRIX_CLANG "" CACHE STRING "A clang that compiles in place of gcc")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES
  MCUMATRIX_TOOLCHAIN_PREFIX MCUMATRIX_CLANG MCUMATRIX_CPU_FLAGS MCUMATRIX_BOARD)

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
set(compiler_id GNU)
set(target_flags "${MCUMATRIX_CPU_FLAGS}")

if(MCUMATRIX_CLANG)
  find_program(MCUMATRIX_CLANG_PROGRAM "${MCUMATRIX_CLANG}" NO_CACHE)
  if(NOT MCUMATRIX_CLANG_PROGRAM)
    message(FATAL_ERROR "There is no ${MCUMATRIX_CLANG}. Install it (on Debian: clang), or unset MCUMATRIX_CLANG.")
  endif()
  set(compiler_id Clang)
  set(CMAKE_C_COMPILER "${MCUMATRIX_CLANG_PROGRAM}")
  set(CMAKE_CXX_COMPILER "${MCUMATRIX_CLANG_PROGRAM}")
  execute_process(
    COMMAND "${MCUMATRIX_CLANG_PROGRAM}" -dumpversion
    OUTPUT_VARIABLE version
    OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY
  )
  # Short enumerations, as gcc and the C library have them: the linker would find that they differ.
  string(PREPEND target_flags "--target=arm-none-eabi -fshort-enums ")
  separate_arguments(cpu_flags UNIX_COMMAND "${MCUMATRIX_CPU_FLAGS}")
  # Where gcc looks for headers, without its own of the compiler, which clang has too.
  foreach(language c c++)
    execute_process(
      COMMAND "${MCUMATRIX_GCC}" ${cpu_flags} -E -v -x ${language} /dev/null
      OUTPUT_QUIET
      ERROR_VARIABLE said
      COMMAND_ERROR_IS_FATAL ANY
    )
    string(REGEX MATCHALL "\n /[^\n]+" folders "${said}")
    set(includes_${language} "")
    foreach(folder ${folders})
      string(STRIP "${folder}" folder)
      if(IS_DIRECTORY "${folder}" AND NOT EXISTS "${folder}/stdarg.h" AND NOT folder MATCHES "include-fixed$")
        file(REAL_PATH "${folder}" folder)
        string(APPEND includes_${language} " -isystem ${folder}")
      endif()
    endforeach()
  endforeach()
  set(CMAKE_C_FLAGS_INIT "${includes_c}")
  set(CMAKE_CXX_FLAGS_INIT "--driver-mode=g++ -nostdinc++${includes_c++}")
  # gcc links, because it knows its libraries for the chip. clang's objects say that they want no executable stack and
  # the libraries say nothing, which the linker would find odd.
  foreach(language C CXX)
    set(CMAKE_${language}_LINK_EXECUTABLE "\"${MCUMATRIX_GCC}\" ${MCUMATRIX_CPU_FLAGS} -Wl,-z,noexecstack \
<CMAKE_${language}_LINK_FLAGS> <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")
  endforeach()
endif()

foreach(language C CXX)
  set(CMAKE_${language}_COMPILER_FORCED TRUE)
  set(CMAKE_${language}_COMPILER_ID_RUN TRUE)
  set(CMAKE_${language}_COMPILER_ID "${compiler_id}")
  set(CMAKE_${language}_COMPILER_VERSION "${version}")
  set(CMAKE_${language}_STANDARD_COMPUTED_DEFAULT 17)
  set(CMAKE_${language}_EXTENSIONS_COMPUTED_DEFAULT ON)
  string(PREPEND CMAKE_${language}_FLAGS_INIT
    "${target_flags} -ffunction-sections -fdata-sections -fno-common ")
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
