#include "energy_mode.h"

#include "family.h"
#include "gpio_registers.h"
#include "port.h"
#include "ports.h"
#include "registers.h"

/* What nothing else of the firmware uses (RM0385 section 6.4). */
#define GPIO_MODER_INPUT 0u
#define GPIO_MODER_ANALOG 3u
#define GPIO_OTYPER(base) REGISTER((base) + 0x04) /* 6.4.2: 1 is open drain */
#define GPIO_PUPDR_NONE 0u
#define GPIO_IDR(base) REGISTER((base) + 0x10) /* 6.4.5 */

#define SETTLED_US 20u /* ten times as long as 50 pF take behind a pull-up of 40 kOhm (DS10916, I/O static characteristics) */
#define LOW_US 2u      /* MLPerf Tiny asks for 1 */

/* Neither in .data nor in .bss, see server.c. */
__attribute__((section(".sram2"))) static bool is_on;

static void wait_us(uint32_t duration_us) {
    uint64_t begun = port_cycles();
    uint64_t wanted = (uint64_t)duration_us * (port_core_hz() / 1000000u + 1u);
    while (port_cycles() - begun < wanted) {
    }
}

static void set_pair(volatile uint32_t *pairs, const struct board_pin *pin, uint32_t value) {
    uint32_t shift = 2 * pin->number;
    *pairs = (*pairs & ~(3u << shift)) | value << shift;
}

static bool is_wired_to_ground(const struct board_pin *pin) {
    uintptr_t gpio = family_open_port(pin);
    set_pair(&GPIO_MODER(gpio), pin, GPIO_MODER_INPUT);
    set_pair(&GPIO_PUPDR(gpio), pin, GPIO_PUPDR_UP);
    wait_us(SETTLED_US);
    bool is_low = (GPIO_IDR(gpio) >> pin->number & 1u) == 0;
    /* The wire would take current through the pull-up, in the very mode in which that is measured. */
    set_pair(&GPIO_PUPDR(gpio), pin, GPIO_PUPDR_NONE);
    set_pair(&GPIO_MODER(gpio), pin, GPIO_MODER_ANALOG);
    return is_low;
}

void energy_mode_start(void) {
    const struct board_pin *pin = &energy_mode_pins.timestamp;
    is_on = is_wired_to_ground(&energy_mode_pins.wanted);
    if (!is_on) {
        return;
    }
    uintptr_t gpio = family_open_port(pin);
    GPIO_BSRR(gpio) = 1u << pin->number;
    GPIO_OTYPER(gpio) |= 1u << pin->number;
    set_pair(&GPIO_PUPDR(gpio), pin, GPIO_PUPDR_UP);
    set_pair(&GPIO_MODER(gpio), pin, GPIO_MODER_OUTPUT);
}

bool energy_mode_is_on(void) {
    return is_on;
}

void energy_mode_mark(void) {
    const struct board_pin *pin = &energy_mode_pins.timestamp;
    uintptr_t gpio = GPIO_BASE(pin->port);
    GPIO_BSRR(gpio) = 1u << (pin->number + 16);
    wait_us(LOW_US);
    GPIO_BSRR(gpio) = 1u << pin->number;
}
