/* Commands to a serial flash at QUADSPI, one of Micron's N25Q series: instructions on one line, reads of memory with
 * address and data on four. What the driver and the flash algorithm have in common. */
#ifndef MCUMATRIX_STM32F7_QSPI_COMMANDS_H
#define MCUMATRIX_STM32F7_QSPI_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

/* From the linker script: addresses of symbols. */
extern uint8_t external_qspi_start[], external_qspi_size_bytes[];

/* Connects QUADSPI, which divides HCLK by `divider`, and resets the flash; whatever it did before ends. */
bool qspi_start(uint32_t divider, uint32_t deselect_clocks);

bool qspi_instruct(uint32_t instruction);

/* An instruction with bytes behind it; `control` has it with the bits of QUADSPI_CCR for its address, if it has one. */
bool qspi_send(uint32_t control, uint32_t address, const uint8_t *data, uint32_t size_bytes);

/* The answer of one byte to an instruction. */
uint8_t qspi_ask(uint32_t instruction);

/* Whether the command under way has ended, which it has done after a while. */
bool qspi_finish(void);

/* From now on the flash is read at its addresses. */
void qspi_map(void);

#endif
