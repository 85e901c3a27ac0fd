#include "usart.h"

#include <stdint.h>

#include "board.h"
#include "clock.h"
#include "pin.h"
#include "registers.h"

static void connect_pin(const struct board_pin *pin) {
    RCC_AHB1ENR |= 1u << (pin->port - 'A');
    (void)RCC_AHB1ENR; /* RM0385 5.2.13: a peripheral answers two clocks after it was enabled */
    pin_connect(pin, GPIO_BASE(pin->port));
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
