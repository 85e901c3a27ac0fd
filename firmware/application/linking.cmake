# How an application besides the benchmark is linked into an image. Each one has a file image.cmake, which includes this.

# Links library `library`, made of the folder beside this file called `name`, with its image.ld; it stands before the
# functions that follow.
function(link_application name library)
  set(folder "${CMAKE_CURRENT_FUNCTION_LIST_DIR}")
  set(script "${folder}/${name}/image.ld")
  # The linker inserts what it has read before, and into regions that it knows: so this comes before the script of the
  # family, and the chip's memory.ld before this. Where the family's script includes that, there is nothing more in it.
  target_link_options(image BEFORE PRIVATE
    "-L${folder}/read-already"
    "-T${chip}/memory.ld"
    "-T${script}"
  )
  foreach(function ${ARGN})
    target_link_options(image PRIVATE LINKER:--wrap=${function})
  endforeach()
  # All of the application: nothing need refer to it, and to handlers of the board's interrupts only weak names do. The
  # libraries of the compiler are searched before it, as it does by itself at the end, so that what an image has without
  # the application lies where it does then.
  target_link_libraries(image PRIVATE
    -Wl,--start-group -lgcc -lc -Wl,--end-group
    -Wl,--whole-archive "${library}" -Wl,--no-whole-archive
    -Wl,--start-group "${MCUMATRIX_LIBRARY}" ${beside} -Wl,--end-group m
  )
  set_property(TARGET image APPEND PROPERTY LINK_DEPENDS "${script}" "${library}")
endfunction()
