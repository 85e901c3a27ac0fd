/* What happens when the program cannot go on: one line that begins with `ERROR: ` on the serial port, then a halt. */
#ifndef MCUMATRIX_FAULT_H
#define MCUMATRIX_FAULT_H

/* Entries of the vector table. */
void fault_hard(void);
void fault_memory(void);
void fault_bus(void);
void fault_usage(void);
void fault_unexpected_interrupt(void);

/* The program ended by itself; `how` finishes a sentence. */
_Noreturn void fault_program_ended(const char *how);

#endif
