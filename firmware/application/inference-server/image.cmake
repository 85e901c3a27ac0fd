# What makes an image one with an inference server: a project of CMake includes this file if it is given as
# CMAKE_PROJECT_mcumatrix_image_INCLUDE. So images without it know nothing of it.
#
#   MCUMATRIX_INFERENCE_SERVER  libinference-server.a, made by CMakeLists.txt beside this

function(link_inference_server)
  set(script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/image.ld")
  # The linker inserts what it has read before, and into regions that it knows: so this comes before the script of the
  # family, and the chip's memory.ld before this. Where the family's script includes that, there is nothing more in it.
  target_link_options(image BEFORE PRIVATE
    "-L${CMAKE_CURRENT_FUNCTION_LIST_DIR}/read-already"
    "-T${chip}/memory.ld"
    "-T${script}"
  )
  target_link_options(image PRIVATE
    LINKER:--wrap=port_init
    LINKER:--wrap=port_read
  )
  # All of the server: nothing refers to hooks.c, and to the handlers of the board's interrupts only weak names do. The
  # libraries of the compiler are searched before it, as it does by itself at the end, so that what an image has without
  # the server lies where it does then.
  target_link_libraries(image PRIVATE
    -Wl,--start-group -lgcc -lc -Wl,--end-group
    -Wl,--whole-archive "${MCUMATRIX_INFERENCE_SERVER}" -Wl,--no-whole-archive
    -Wl,--start-group "${MCUMATRIX_LIBRARY}" ${beside} -Wl,--end-group m
  )
  set_property(TARGET image APPEND PROPERTY LINK_DEPENDS "${script}" "${MCUMATRIX_INFERENCE_SERVER}")
endfunction()

# When all of the image's own list was read.
cmake_language(DEFER CALL link_inference_server)
