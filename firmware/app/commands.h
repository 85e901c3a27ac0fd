/* From a line to what it asks for. */
#ifndef MCUMATRIX_COMMANDS_H
#define MCUMATRIX_COMMANDS_H

/* Runs one line that came over the serial port. `problem` is why the model cannot be run, or NULL. */
void command_run(const char *line, const char *problem);

#endif
