/* What RCC_CFGR makes of the system clock: the same fields in each family, at positions of its own. */
#include "clock.h"
#include "registers.h"

uint32_t clock_hclk_hz(void) {
    /* RM0385 5.3.3 and RM0432 6.4.3, HPRE: 8 to 15 divide by 2, 4, 8, 16, 64, 128, 256, 512. */
    static const uint8_t shifts[] = {1, 2, 3, 4, 6, 7, 8, 9};
    uint32_t hpre = RCC_CFGR >> RCC_CFGR_HPRE_POSITION & RCC_CFGR_HPRE_MASK;
    return clock_sysclk_hz() >> (hpre < 8 ? 0 : shifts[hpre - 8]);
}

static uint32_t bus_hz(uint32_t position) {
    /* The same sections, PPRE1 and PPRE2: 4 to 7 divide by 2, 4, 8, 16. */
    uint32_t ppre = RCC_CFGR >> position & RCC_CFGR_PPRE_MASK;
    return clock_hclk_hz() >> (ppre < 4 ? 0 : ppre - 3);
}

uint32_t clock_pclk1_hz(void) {
    return bus_hz(RCC_CFGR_PPRE1_POSITION);
}

uint32_t clock_pclk2_hz(void) {
    return bus_hz(RCC_CFGR_PPRE2_POSITION);
}
