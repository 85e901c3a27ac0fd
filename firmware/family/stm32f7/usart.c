#include "usart.h"

#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "clock.h"
#include "port.h"
#include "registers.h"

#define USART_ISR_DAMAGED (USART_ISR_FE | USART_ISR_NF | USART_ISR_ORE)

static void connect_pin(const struct board_pin *pin) {
    uintptr_t gpio = GPIO_BASE(pin->port);
    uint32_t pair = 2 * pin->number;
    uint32_t nibble = 4 * (pin->number % 8);
    RCC_AHB1ENR |= 1u << (pin->port - 'A');
    (void)RCC_AHB1ENR; /* RM0385 5.2.13: a peripheral answers two clocks after it was enabled */
    GPIO_AFR(gpio, pin->number) =
        (GPIO_AFR(gpio, pin->number) & ~(0xFu << nibble)) | pin->alternate_function << nibble;
    /* An open input rests at the idle level of the line. */
    GPIO_PUPDR(gpio) = (GPIO_PUPDR(gpio) & ~(3u << pair)) | GPIO_PUPDR_UP << pair;
    GPIO_MODER(gpio) = (GPIO_MODER(gpio) & ~(3u << pair)) | GPIO_MODER_ALTERNATE << pair;
}

void usart_start(void) {
    const struct board_serial *serial = &board.serial;
    connect_pin(&serial->tx);
    connect_pin(&serial->rx);
    uint32_t clock_hz;
    if (serial->bus == BOARD_APB1) {
        RCC_APB1ENR |= 1u << serial->enable_bit;
        (void)RCC_APB1ENR;
        clock_hz = clock_pclk1_hz();
    } else {
        RCC_APB2ENR |= 1u << serial->enable_bit;
        (void)RCC_APB2ENR;
        clock_hz = clock_pclk2_hz();
    }
    USART_CR1(serial->usart_base) = 0; /* the baud rate is written while the port is off: RM0385 31.8.4 */
    /* RM0385 31.5.4: 16 times oversampling, so the divider is clock / baud; rounded to the nearest. */
    USART_BRR(serial->usart_base) = (clock_hz + serial->baud / 2) / serial->baud;
    USART_CR1(serial->usart_base) = USART_CR1_UE | USART_CR1_RE | USART_CR1_TE;
}

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
    uintptr_t usart = board.serial.usart_base;
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size_bytes; i++) {
        while (!(USART_ISR(usart) & USART_ISR_TXE)) {
        }
        USART_TDR(usart) = bytes[i];
    }
    while (!(USART_ISR(usart) & USART_ISR_TC)) {
    }
}
