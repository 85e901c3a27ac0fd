/* The interrupts of the STM32F767 from position 0 to 109: RM0410 10.1, vector table. Position 98 is not used by it.
 *
 * INTERRUPT(name) is expanded once per position. The handler of TIM2 is `TIM2_handler`; defining a function of
 * that name anywhere replaces the default one. */
#include "common_interrupts.h"
INTERRUPT(RESERVED_98)
INTERRUPT(DFSDM1_FLT0)
INTERRUPT(DFSDM1_FLT1)
INTERRUPT(DFSDM1_FLT2)
INTERRUPT(DFSDM1_FLT3)
INTERRUPT(SDMMC2)
INTERRUPT(CAN3_TX)
INTERRUPT(CAN3_RX0)
INTERRUPT(CAN3_RX1)
INTERRUPT(CAN3_SCE)
INTERRUPT(JPEG)
INTERRUPT(MDIOS)
