/* The interrupts of the STM32F746, those that its family has in common: RM0385 table 46.
 *
 * INTERRUPT(name) is expanded once per position. The handler of TIM2 is `TIM2_handler`; defining a function of
 * that name anywhere replaces the default one. */
#include "common_interrupts.h"
