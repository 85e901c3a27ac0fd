#include "pin.h"

#include "gpio_registers.h"

void pin_connect(const struct board_pin *pin, uintptr_t gpio) {
    uint32_t pair = 2 * pin->number;
    uint32_t nibble = 4 * (pin->number % 8);
    GPIO_AFR(gpio, pin->number) =
        (GPIO_AFR(gpio, pin->number) & ~(0xFu << nibble)) | pin->alternate_function << nibble;
    /* An open input rests at the idle level of the line. */
    GPIO_PUPDR(gpio) = (GPIO_PUPDR(gpio) & ~(3u << pair)) | GPIO_PUPDR_UP << pair;
    GPIO_MODER(gpio) = (GPIO_MODER(gpio) & ~(3u << pair)) | GPIO_MODER_ALTERNATE << pair;
}
