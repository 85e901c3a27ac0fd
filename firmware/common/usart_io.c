/* The parts of port.h that read and write: the board's serial port, polled. */
#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "port.h"
#include "usart.h"
#include "usart_registers.h"

int port_read(void) {
    uintptr_t usart = board.serial.usart_base;
    uint32_t status;
    do {
        status = USART_ISR(usart);
    } while (!(status & (USART_ISR_RXNE | USART_ISR_DAMAGED)));
    if (status & USART_ISR_DAMAGED) {
        /* RM0385 31.5.3: after an overrun RDR still holds a good byte, but the line it belongs to is not whole. */
        USART_ICR(usart) = USART_ISR_DAMAGED;
        if (status & USART_ISR_RXNE) {
            (void)USART_RDR(usart);
        }
        return PORT_BYTE_LOST;
    }
    return (int)(USART_RDR(usart) & 0xFFu);
}

void port_write(const void *data, size_t size_bytes) {
    usart_write(board.serial.usart_base, data, size_bytes);
}
