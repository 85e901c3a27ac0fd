/* The registers of a USART that this firmware uses: RM0385 section 31. Those of a USART and of an LPUART of the STM32L4
 * (RM0432 sections 49 and 50) are the same. */
#ifndef MCUMATRIX_USART_REGISTERS_H
#define MCUMATRIX_USART_REGISTERS_H

#include "core_registers.h"

#define USART_CR1(base) REGISTER((base) + 0x00) /* 31.8.1 */
#define USART_CR1_UE (1u << 0)
#define USART_CR1_RE (1u << 2)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_RXNEIE (1u << 5) /* an interrupt for RXNE and for ORE */
#define USART_BRR(base) REGISTER((base) + 0x0C) /* 31.8.4 */
#define USART_ISR(base) REGISTER((base) + 0x1C) /* 31.8.8 */
#define USART_ISR_FE (1u << 1)
#define USART_ISR_NF (1u << 2)
#define USART_ISR_ORE (1u << 3)
#define USART_ISR_DAMAGED (USART_ISR_FE | USART_ISR_NF | USART_ISR_ORE)
#define USART_ISR_RXNE (1u << 5)
#define USART_ISR_TC (1u << 6)
#define USART_ISR_TXE (1u << 7)
#define USART_ICR(base) REGISTER((base) + 0x20) /* 31.8.9: FE, NF and ORE are cleared at their places in ISR */
#define USART_RDR(base) REGISTER((base) + 0x24) /* 31.8.10 */
#define USART_TDR(base) REGISTER((base) + 0x28) /* 31.8.11 */

#endif
