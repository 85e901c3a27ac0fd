#include "usart.h"

#include "clock.h"
#include "family.h"
#include "pin.h"
#include "usart_registers.h"

static void connect_pin(const struct board_pin *pin) {
    pin_connect(pin, family_open_port(pin));
}

void usart_start(const struct board_serial *serial, uint32_t baud, uint32_t interrupts) {
    uintptr_t usart = serial->usart_base;
    connect_pin(&serial->tx);
    connect_pin(&serial->rx);
    volatile uint32_t *enable = family_enable_register(serial->bus);
    *enable |= 1u << serial->enable_bit;
    (void)*enable; /* RM0385 5.2.13, RM0432 6.2.18: a peripheral answers two clocks after it was enabled */
    uint64_t clock_hz = serial->bus == BOARD_APB2 ? clock_pclk2_hz() : clock_pclk1_hz();
    clock_hz *= family_baud_multiple(usart);
    USART_CR1(usart) = 0; /* the baud rate is written while the port is off: RM0385 31.8.4, RM0432 50.7.4 */
    /* RM0385 31.5.4: the divider is clock / baud; rounded to the nearest. */
    USART_BRR(usart) = (uint32_t)((clock_hz + baud / 2) / baud);
    USART_CR1(usart) = USART_CR1_UE | USART_CR1_RE | USART_CR1_TE | interrupts;
}

void usart_write(uintptr_t usart, const void *data, size_t size_bytes) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size_bytes; i++) {
        while (!(USART_ISR(usart) & USART_ISR_TXE)) {
        }
        USART_TDR(usart) = bytes[i];
    }
    while (!(USART_ISR(usart) & USART_ISR_TC)) {
    }
}
