#include "second_port.h"

#include "board.h"
#include "clock.h"
#include "energy_mode.h"
#include "port.h"
#include "ports.h"
#include "registers.h"
#include "server.h"

#define USART_CR1_RXNEIE (1u << 5) /* RM0385 31.8.1: an interrupt for RXNE and for ORE */
#define USART_ISR_DAMAGED (USART_ISR_FE | USART_ISR_NF | USART_ISR_ORE)
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

static void connect(const struct board_pin *pin) {
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

static uint32_t clock_of(const struct board_serial *serial) {
    if (serial->bus == BOARD_APB1) {
        RCC_APB1ENR |= 1u << serial->enable_bit;
        (void)RCC_APB1ENR;
        return clock_pclk1_hz();
    }
    RCC_APB2ENR |= 1u << serial->enable_bit;
    (void)RCC_APB2ENR;
    return clock_pclk2_hz();
}

void second_port_start(void) {
    const struct board_serial *serial = &second_port.serial;
    uintptr_t usart = serial->usart_base;
    uint32_t baud = energy_mode_is_on() ? ENERGY_MODE_BAUD : serial->baud;
    kept.written = kept.read = 0;
    connect(&serial->tx);
    connect(&serial->rx);
    uint32_t clock_hz = clock_of(serial);
    USART_CR1(usart) = 0; /* the baud rate is written while the port is off: RM0385 31.8.4 */
    /* RM0385 31.5.4: 16 times oversampling, so the divider is clock / baud; rounded to the nearest. */
    USART_BRR(usart) = (clock_hz + baud / 2) / baud;
    USART_CR1(usart) = USART_CR1_UE | USART_CR1_RE | USART_CR1_TE | USART_CR1_RXNEIE;
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
    uintptr_t usart = second_port.serial.usart_base;
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size_bytes; i++) {
        while (!(USART_ISR(usart) & USART_ISR_TXE)) {
        }
        USART_TDR(usart) = bytes[i];
    }
    while (!(USART_ISR(usart) & USART_ISR_TC)) {
    }
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
