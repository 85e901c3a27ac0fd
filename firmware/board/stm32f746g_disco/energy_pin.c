/* D2 of the Arduino connector CN4, which nothing else on the board uses (UM1907, table of the Arduino connectors). */
#include "board.h"

const struct board_pin board_energy_pin = {.port = 'G', .number = 6};
