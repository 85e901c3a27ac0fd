#include "usart.h"

#include <stdint.h>

#include "board.h"
#include "clock.h"
#include "pin.h"
#include "registers.h"

/* Port G has a supply of its own from its third pin on: RM0432 5.1.3. */
#define FIRST_PIN_ON_VDDIO2 2u

static void connect_pin(const struct board_pin *pin) {
    if (pin->port == 'G' && pin->number >= FIRST_PIN_ON_VDDIO2) {
        RCC_APB1ENR1 |= RCC_APB1ENR1_PWREN;
        (void)RCC_APB1ENR1; /* RM0432 6.2.18: a peripheral answers two clocks after it was enabled */
        PWR_CR2 |= PWR_CR2_IOSV;
    }
    RCC_AHB2ENR |= 1u << (pin->port - 'A');
    (void)RCC_AHB2ENR;
    pin_connect(pin, GPIO_BASE(pin->port));
}

static volatile uint32_t *enable_register(enum board_bus bus) {
    switch (bus) {
    case BOARD_APB2:
        return &RCC_APB2ENR;
    case BOARD_APB1_SECOND:
        return &RCC_APB1ENR2;
    default:
        return &RCC_APB1ENR1;
    }
}

void usart_start(void) {
    const struct board_serial *serial = &board.serial;
    connect_pin(&serial->tx);
    connect_pin(&serial->rx);
    volatile uint32_t *enable = enable_register(serial->bus);
    *enable |= 1u << serial->enable_bit;
    (void)*enable;
    uint64_t clock_hz = serial->bus == BOARD_APB2 ? clock_pclk2_hz() : clock_pclk1_hz();
    if (serial->usart_base == LPUART1_BASE) {
        clock_hz *= 256; /* RM0432 50.4.7: a divider of 20 bits, in 256ths */
    }
    USART_CR1(serial->usart_base) = 0; /* the baud rate is written while the port is off: RM0432 50.7.4 */
    USART_BRR(serial->usart_base) = (uint32_t)((clock_hz + serial->baud / 2) / serial->baud);
    USART_CR1(serial->usart_base) = USART_CR1_UE | USART_CR1_RE | USART_CR1_TE;
}
