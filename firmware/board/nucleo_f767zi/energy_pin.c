/* D2 of the Zio connector CN10, which nothing else on the board uses (UM1974, table of the Zio connectors). */
#include "board.h"

const struct board_pin board_energy_pin = {.port = 'F', .number = 15};
