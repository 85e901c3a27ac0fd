# What makes an image one with applications besides the benchmark: a project of CMake includes this file if it is given as
# CMAKE_PROJECT_mcumatrix_image_INCLUDE. So images without any know nothing of them.
#
#   MCUMATRIX_APPLICATIONS  folders beside this file; image.cmake in each says which library it needs
foreach(application ${MCUMATRIX_APPLICATIONS})
  include("${CMAKE_CURRENT_LIST_DIR}/${application}/image.cmake")
endforeach()
