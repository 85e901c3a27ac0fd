# What each flash algorithm is compiled and linked with; both folders of algorithms include it. It makes algorithm.elf,
# algorithm.bin and algorithm.map of the target `algorithm`.
set(linker_script "${CMAKE_SOURCE_DIR}/algorithm.ld")
target_include_directories(algorithm PRIVATE "${CMAKE_CURRENT_LIST_DIR}/../common")
target_compile_options(algorithm PRIVATE
  -ffreestanding
  -fno-stack-protector
  -Wall
  -Wextra
  -Werror
)
set_target_properties(algorithm PROPERTIES SUFFIX .elf LINK_DEPENDS "${linker_script}")
target_link_options(algorithm PRIVATE
  -nostdlib
  "-T${linker_script}"
  LINKER:--build-id=none
  LINKER:--fatal-warnings
  "LINKER:-Map=${CMAKE_BINARY_DIR}/algorithm.map"
)
add_custom_command(TARGET algorithm POST_BUILD
  COMMAND "${CMAKE_OBJCOPY}" -O binary "$<TARGET_FILE:algorithm>" "${CMAKE_BINARY_DIR}/algorithm.bin"
  BYPRODUCTS algorithm.bin
  VERBATIM
)
