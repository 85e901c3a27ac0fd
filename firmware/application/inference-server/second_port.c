#include "second_port.h"

#include "board.h"
#include "energy_mode.h"
#include "port.h"
#include "ports.h"
#include "server.h"
#include "usart.h"
#include "usart_registers.h"

#define NVIC_ISER(position) REGISTER(0xE000E100 + 4 * ((position) / 32)) /* PM0253 4.2.2 */

#define KEPT_BYTES 2048u /* what comes in 0.17 s */

/* What came over the console and nobody has read: the interrupt writes, the main loop reads. A byte that was lost, or
 * for which there was no room, is PORT_BYTE_LOST. Neither in .data nor in .bss, see server.c. */
static struct {
    volatile int16_t bytes[KEPT_BYTES];
    volatile uint32_t written;
    volatile uint32_t read;
} kept __attribute__((section(".sram2")));

static void enable_interrupt(enum interrupt_position position) {
    NVIC_ISER((uint32_t)position) = 1u << ((uint32_t)position % 32);
}

void second_port_start(void) {
    const struct board_serial *serial = &second_port.serial;
    kept.written = kept.read = 0;
    usart_start(serial, energy_mode_is_on() ? ENERGY_MODE_BAUD : serial->baud, USART_CR1_RXNEIE);
    enable_interrupt(second_port.interrupt);
    enable_interrupt(second_port.console_interrupt); /* the console asks for one only while it keeps */
}

/* A byte, or PORT_BYTE_LOST where one was lost or is damaged. */
static int received(uintptr_t usart) {
    uint32_t status = USART_ISR(usart);
    int byte = (int)(USART_RDR(usart) & 0xFFu); /* in any case, or the interrupt would come again */
    if (status & USART_ISR_DAMAGED) {
        USART_ICR(usart) = USART_ISR_DAMAGED;
        return PORT_BYTE_LOST;
    }
    return byte;
}

void second_port_interrupt(void) {
    int byte = received(second_port.serial.usart_base);
    if (byte == PORT_BYTE_LOST) {
        server_miss();
    } else {
        server_hear((uint8_t)byte);
    }
}

void second_port_write(const void *data, size_t size_bytes) {
    usart_write(second_port.serial.usart_base, data, size_bytes);
}

void console_interrupt(void) {
    int byte = received(board.serial.usart_base);
    uint32_t written = kept.written;
    if (written - kept.read == KEPT_BYTES) {
        kept.bytes[(written - 1) % KEPT_BYTES] = PORT_BYTE_LOST;
        return;
    }
    kept.bytes[written % KEPT_BYTES] = (int16_t)byte;
    kept.written = written + 1;
}

void console_keep_begin(void) {
    USART_CR1(board.serial.usart_base) |= USART_CR1_RXNEIE;
}

void console_keep_end(void) {
    USART_CR1(board.serial.usart_base) &= ~USART_CR1_RXNEIE;
}

int console_kept(void) {
    uint32_t read = kept.read;
    if (read == kept.written) {
        return CONSOLE_NOTHING_KEPT;
    }
    int byte = kept.bytes[read % KEPT_BYTES];
    kept.read = read + 1;
    return byte;
}

bool console_has_byte(void) {
    return (USART_ISR(board.serial.usart_base) & (USART_ISR_RXNE | USART_ISR_DAMAGED)) != 0;
}
