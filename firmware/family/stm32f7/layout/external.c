#include "external.h"

#include "core.h"
#include "gpio_registers.h"
#include "registers.h"

void external_connect(const struct external_pins *pins, size_t count) {
    for (size_t index = 0; index < count; index++) {
        uintptr_t gpio = GPIO_BASE(pins[index].port);
        RCC_AHB1ENR |= 1u << (pins[index].port - 'A');
        (void)RCC_AHB1ENR; /* RM0385 5.2.13: a peripheral answers two clocks after it was enabled */
        for (uint32_t pin = 0; pin < 16; pin++) {
            if (!(pins[index].mask >> pin & 1u)) {
                continue;
            }
            uint32_t pair = 2 * pin;
            uint32_t nibble = 4 * (pin % 8);
            GPIO_AFR(gpio, pin) =
                (GPIO_AFR(gpio, pin) & ~(0xFu << nibble)) | (uint32_t)pins[index].alternate_function << nibble;
            GPIO_OSPEEDR(gpio) |= GPIO_OSPEEDR_VERY_HIGH << pair;
            GPIO_PUPDR(gpio) &= ~(3u << pair);
            GPIO_MODER(gpio) = (GPIO_MODER(gpio) & ~(3u << pair)) | GPIO_MODER_ALTERNATE << pair;
        }
    }
}

void external_protect(enum external_region region, uintptr_t start, uint32_t size_bytes, uint32_t attributes) {
    MPU_RNR = region;
    MPU_RBAR = start;
    MPU_RASR = attributes | (uint32_t)(30 - __builtin_clz(size_bytes)) << MPU_RASR_SIZE_POSITION | MPU_RASR_ENABLE;
    MPU_CTRL = MPU_CTRL_PRIVDEFENA | MPU_CTRL_ENABLE;
    core_data_barrier();
    core_instruction_barrier();
}
