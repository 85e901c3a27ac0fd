# What makes an image one that counts events; ../images.cmake includes this file.
#
#   MCUMATRIX_EVENT_COUNTERS  libevent-counters.a, made by CMakeLists.txt beside this
include("${CMAKE_CURRENT_LIST_DIR}/../linking.cmake")

# When all of the image's own list was read.
cmake_language(DEFER CALL link_application event-counters "${MCUMATRIX_EVENT_COUNTERS}" command_run)
