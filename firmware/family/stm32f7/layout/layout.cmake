# What of an image lies where, and whether its caches are on.
#
#   MCUMATRIX_CODE     where the code of the libraries of kernels lies
#   MCUMATRIX_WEIGHTS  the model's constants
#   MCUMATRIX_ARENA    the model's tensors
#   MCUMATRIX_STACK    the stack
#   MCUMATRIX_CACHE    whether the caches are on
#
# places.json has the values of each, the default first, which is what image.ld does by itself. A chip has those places
# of which its memory.ld has the region, and a board those of its external/memory.ld. For each of these there is
# a driver beside this file, called after the place, and what that has to know of the board under external/.
#
# Writes what image.ld includes into ${CMAKE_BINARY_DIR}/layout: regions.ld, placed.ld and stack_there.ld.

# Which sections of which files a part is. Where a model is compiled with the image, its objects lie in rendered.dir.
# The sample is the application's.
set(layout_model "EXCLUDE_FILE(*sample.c.obj) *libmodel.a:*" "EXCLUDE_FILE(*sample.c.obj) *rendered.dir*")
list(TRANSFORM layout_model APPEND "(.rodata .rodata.*)" OUTPUT_VARIABLE layout_sections_weights)
list(TRANSFORM layout_model APPEND "(.bss .bss.*)" OUTPUT_VARIABLE layout_sections_arena)
set(layout_sections_code "*libkernels.a:*(.text .text.*)" "*liboptimised.a:*(.text .text.*)")

# Sets `value` to where a part lies, `region` to that region of memory.ld, and `is_default`.
function(layout_value part)
  string(TOUPPER "MCUMATRIX_${part}" variable)
  string(JSON count LENGTH "${layout_json}" parts "${part}")
  math(EXPR last "${count} - 1")
  set(allowed)
  foreach(index RANGE ${last})
    string(JSON place GET "${layout_json}" parts "${part}" ${index})
    list(APPEND allowed "${place}")
  endforeach()
  list(GET allowed 0 default)
  set(value "${${variable}}")
  if(value STREQUAL "")
    set(value "${default}")
  endif()
  if(NOT value IN_LIST allowed)
    list(JOIN allowed ", " allowed)
    message(FATAL_ERROR "${variable} is \"${value}\"; it must be one of ${allowed}.")
  endif()
  string(JSON region ERROR_VARIABLE no_place GET "${layout_json}" places "${value}")
  string(COMPARE EQUAL "${value}" "${default}" is_default)
  set(value "${value}" PARENT_SCOPE)
  set(region "${region}" PARENT_SCOPE)
  set(is_default "${is_default}" PARENT_SCOPE)
endfunction()

# Of places in memories of the board: adds drivers to `sources`, before all else, and their wishes to `options` and
# `placed`; sets `external_regions` and `external_files`. Without any, there is nothing.
function(layout_external places)
  set(external "${board}/external")
  set(regions)
  set(files)
  set(drivers)
  foreach(place ${places})
    if(EXISTS "${family}/layout/${place}.c" AND NOT EXISTS "${external}/${place}.c")
      message(FATAL_ERROR "Board \"${MCUMATRIX_BOARD}\" has no ${place}: ${external}/${place}.c is missing.")
    elseif(EXISTS "${family}/layout/${place}.c" AND NOT "${external}/${place}.c" IN_LIST drivers)
      string(JSON region GET "${layout_json}" places "${place}")
      file(GLOB driver "${family}/layout/${place}*.c")
      list(APPEND drivers "${external}/${place}.c" ${driver})
      string(APPEND placed
        "external_${place}_start = ORIGIN(${region});\nexternal_${place}_size_bytes = LENGTH(${region});\n")
    endif()
  endforeach()
  if(drivers)
    list(PREPEND sources "${family}/layout/external.c" ${drivers})
    set(files "${external}/memory.ld")
    set(regions "INCLUDE \"${files}\"\n")
  endif()
  if("sdram" IN_LIST places)
    list(APPEND options "LINKER:--wrap=clock_set")
  endif()
  set(sources "${sources}" PARENT_SCOPE)
  set(options "${options}" PARENT_SCOPE)
  set(placed "${placed}" PARENT_SCOPE)
  set(external_regions "${regions}" PARENT_SCOPE)
  set(external_files "${files}" PARENT_SCOPE)
endfunction()

# Sets `layout_sources` and `layout_options` of the image, and `layout_binary_options` of what makes image.bin.
function(make_layout)
  set(layout_file "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/places.json")
  file(READ "${layout_file}" layout_json)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${layout_file}")
  set(sources)
  set(placed)
  set(places)
  set(is_filled FALSE)
  set(binary_options)
  # An address on the other bus follows from that in flash: of what comes first there, and then of one after the other.
  set(before ".isr_vector")
  foreach(part code weights arena)
    layout_value(${part})
    set(start 0)
    set(load 0)
    set(size_bytes 0)
    if(NOT is_default)
      set(section ".placed_${part}")
      set(address)
      set(type)
      set(loaded_from " AT > FLASH")
      set(start "ADDR(${section})")
      set(load "LOADADDR(${section})")
      set(size_bytes "SIZEOF(${section})")
      if(part STREQUAL "arena")
        set(type " (NOLOAD)")
        set(loaded_from)
        set(load 0)
      endif()
      if(value STREQUAL "flash-itcm")
        set(address " (ORIGIN(FLASH_ITCM) + ALIGN(LOADADDR(${before}) + SIZEOF(${before}), 32) - ORIGIN(FLASH))")
      elseif(value STREQUAL "qspi")
        # Read where it is, and no part of image.bin: who writes the flash of the chip finds it in the ELF file.
        set(loaded_from)
        list(APPEND binary_options -R ${section})
      elseif(value STREQUAL "itcm" AND NOT "itcm" IN_LIST places)
        string(APPEND placed "/* Nothing lies at 0, which is NULL. */\n.null (NOLOAD) : { . += 32; } > ${region}\n\n")
      endif()
      string(APPEND placed "${section}${address}${type} : ALIGN(32)\n{\n")
      foreach(sections ${layout_sections_${part}})
        string(APPEND placed "    ${sections}\n")
      endforeach()
      string(APPEND placed "    . = ALIGN(4);\n} > ${region}${loaded_from}\n"
        "ASSERT(SIZEOF(${section}) > 0, \"There is nothing to put into ${value}: no object of the ${part}.\")\n")
      if(value STREQUAL "qspi")
        set(size_bytes 0) # it lies there already
      elseif(value STREQUAL "flash-itcm")
        set(size_bytes 0)
        string(APPEND placed "ASSERT(ADDR(${section}) - ORIGIN(FLASH_ITCM) == LOADADDR(${section}) - ORIGIN(FLASH), "
          "\"The two views of flash do not agree.\")\n")
      else()
        set(is_filled TRUE)
      endif()
      if(loaded_from)
        set(before "${section}")
      endif()
      list(APPEND places "${value}")
      string(APPEND placed "\n")
    endif()
    string(APPEND symbols "placed_${part}_load = ${load};\nplaced_${part}_start = ${start};\n"
      "placed_${part}_size_bytes = ${size_bytes};\n")
    if(part STREQUAL "arena" AND value STREQUAL "dtcm")
      string(APPEND placed "/* What image.ld has in DTCM leaves it to the tensors. */\n"
        ".moved (NOLOAD) : ALIGN(8)\n{\n    *(.dtcm .dtcm.*)\n} > SRAM1\n\n")
    endif()
  endforeach()
  if(is_filled)
    string(APPEND placed "${symbols}")
    list(APPEND sources "${family}/layout/copy.c")
  endif()

  if("flash-itcm" IN_LIST places)
    list(APPEND sources "${family}/layout/accelerator.c")
  endif()

  set(options "-L${CMAKE_BINARY_DIR}/layout" "-L${family}/layout")
  layout_external("${places}")
  layout_value(stack)
  set(regions "${external_regions}REGION_ALIAS(\"STACK\", ${region})\n")
  set(stack_there "INCLUDE stack.ld\n")
  if(NOT is_default OR value IN_LIST places)
    # Before all else in its memory.
    string(PREPEND placed "${stack_there}\n")
    set(stack_there)
  endif()
  if(value STREQUAL "sram1")
    string(APPEND placed "ASSERT(ORIGIN(DTCM) + LENGTH(DTCM) == ORIGIN(SRAM1), \"There is no DTCM below the stack.\")\n"
      "ASSERT(ADDR(.dtcm) + SIZEOF(.dtcm) + 4096 <= ORIGIN(SRAM1), \"DTCM has no room for the guard of the stack.\")\n")
    list(APPEND sources "${family}/layout/stack_guard.c")
  endif()

  layout_value(cache)
  if(value STREQUAL "off")
    list(APPEND sources "${family}/layout/cache_off.c")
    list(APPEND options "LINKER:--wrap=cache_enable")
  endif()

  set(written)
  foreach(name regions placed stack_there)
    file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/layout/${name}.ld" CONTENT "${${name}}" @ONLY)
    list(APPEND written "${CMAKE_BINARY_DIR}/layout/${name}.ld")
  endforeach()
  set(layout_files ${written} ${external_files} "${family}/layout/stack.ld" PARENT_SCOPE)
  set(layout_sources ${sources} PARENT_SCOPE)
  set(layout_binary_options ${binary_options} PARENT_SCOPE)
  set(layout_options ${options} PARENT_SCOPE)
endfunction()
