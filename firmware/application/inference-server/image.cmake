# What makes an image one with an inference server; ../images.cmake includes this file.
#
#   MCUMATRIX_INFERENCE_SERVER  libinference-server.a, made by CMakeLists.txt beside this
include("${CMAKE_CURRENT_LIST_DIR}/../linking.cmake")

# When all of the image's own list was read.
cmake_language(DEFER CALL
  link_application inference-server "${MCUMATRIX_INFERENCE_SERVER}" port_init port_read)
