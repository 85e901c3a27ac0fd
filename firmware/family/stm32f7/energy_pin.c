/* The pin that tells a current probe when an inference runs. */
#include "board.h"
#include "family.h"
#include "gpio_registers.h"
#include "port.h"
#include "registers.h"

void port_mark_window(bool is_open) {
    const struct board_pin *pin = &board_energy_pin;
    uintptr_t gpio = GPIO_BASE(pin->port);
    uint32_t pair = 2 * pin->number;
    if (is_open) {
        /* Each time, so that nobody has to call something before; it is outside of what is counted. */
        (void)family_open_port(pin);
        GPIO_MODER(gpio) = (GPIO_MODER(gpio) & ~(3u << pair)) | GPIO_MODER_OUTPUT << pair;
    }
    GPIO_BSRR(gpio) = 1u << (is_open ? pin->number : pin->number + 16);
}
