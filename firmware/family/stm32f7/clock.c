#include "clock.h"

#include "board.h"
#include "register_access.h"
#include "registers.h"

#define MHZ 1000000u
#define HSI_HZ (16u * MHZ) /* RM0385 5.2.2 */

/* The PLL's input is divided to 2 MHz, which RM0385 5.3.2 recommends for low jitter. Its output is
 * 2 MHz * PLLN / 2, so that PLLN is the core clock in MHz. */
#define PLLM 8u
#define PLL48_MAX_HZ (48u * MHZ)
#define PLLQ_MAX 15u

/* Above this the regulator has to be in over-drive: DS10916 table 17, voltage scale 1. */
#define OVER_DRIVE_ABOVE_HZ (180u * MHZ)

/* RM0385 table 5, 2.7 V to 3.6 V: one wait state more for every 30 MHz, 7 at most. */
#define HZ_PER_WAIT_STATE (30u * MHZ)
#define WAIT_STATES_MAX 7u

/* Fastest peripheral buses: DS10916 table 17. */
struct bus_limits {
    uint32_t pclk1_hz;
    uint32_t pclk2_hz;
};
static const struct bus_limits normal_limits = {.pclk1_hz = 45 * MHZ, .pclk2_hz = 90 * MHZ};
static const struct bus_limits over_drive_limits = {.pclk1_hz = 54 * MHZ, .pclk2_hz = 108 * MHZ};

/* The bits of PPRE1 or PPRE2 (RM0385 5.3.3) for the smallest divider of 1, 2, 4, 8, 16 that keeps the limit.
 * At 216 MHz these are 4 and 2, at 288 MHz 8 and 4. */
static uint32_t bus_prescaler(uint32_t hclk_hz, uint32_t limit_hz) {
    uint32_t shift = 0;
    while (shift < 4 && hclk_hz >> shift > limit_hz) {
        shift++;
    }
    return shift == 0 ? 0 : 3 + shift;
}

/* The state after reset, also if a debugger started the program again without one. */
static bool run_from_hsi(void) {
    RCC_CR |= RCC_CR_HSION;
    if (!wait_for(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY)) {
        return false;
    }
    set_field(&RCC_CFGR, 0, RCC_CFGR_SW_MASK, RCC_CFGR_SW_HSI);
    if (!wait_for(&RCC_CFGR, RCC_CFGR_SWS_MASK << RCC_CFGR_SWS_POSITION,
                  RCC_CFGR_SWS_HSI << RCC_CFGR_SWS_POSITION)) {
        return false;
    }
    RCC_CR &= ~RCC_CR_PLLON;
    return wait_for(&RCC_CR, RCC_CR_PLLRDY, 0);
}

static void configure_pll(uint32_t plln) {
    uint32_t vco_hz = HSI_HZ / PLLM * plln;
    uint32_t pllq = (vco_hz + PLL48_MAX_HZ - 1) / PLL48_MAX_HZ;
    if (pllq > PLLQ_MAX) {
        pllq = PLLQ_MAX; /* nothing runs from this output */
    }
    uint32_t pllcfgr = RCC_PLLCFGR;
    pllcfgr &= ~(RCC_PLLCFGR_PLLM_MASK << RCC_PLLCFGR_PLLM_POSITION |
                 RCC_PLLCFGR_PLLN_MASK << RCC_PLLCFGR_PLLN_POSITION |
                 RCC_PLLCFGR_PLLP_MASK << RCC_PLLCFGR_PLLP_POSITION | RCC_PLLCFGR_PLLSRC_HSE |
                 RCC_PLLCFGR_PLLQ_MASK << RCC_PLLCFGR_PLLQ_POSITION);
    RCC_PLLCFGR = pllcfgr | PLLM << RCC_PLLCFGR_PLLM_POSITION | plln << RCC_PLLCFGR_PLLN_POSITION |
                  pllq << RCC_PLLCFGR_PLLQ_POSITION;
}

/* RM0385 4.1.4, "Entering Over-drive mode"; the PLL is on, the core still runs from the HSI. */
static bool enter_over_drive(void) {
    PWR_CR1 |= PWR_CR1_ODEN;
    if (!wait_for(&PWR_CSR1, PWR_CSR1_ODRDY, PWR_CSR1_ODRDY)) {
        return false;
    }
    PWR_CR1 |= PWR_CR1_ODSWEN;
    return wait_for(&PWR_CSR1, PWR_CSR1_ODSWRDY, PWR_CSR1_ODSWRDY);
}

static bool set_wait_states(uint32_t hclk_hz) {
    uint32_t wait_states = (hclk_hz - 1) / HZ_PER_WAIT_STATE;
    if (wait_states > WAIT_STATES_MAX) {
        wait_states = WAIT_STATES_MAX;
    }
    set_field(&FLASH_ACR, 0, FLASH_ACR_LATENCY_MASK, wait_states);
    /* RM0385 3.3.2: it counts when it reads back. */
    return wait_for(&FLASH_ACR, FLASH_ACR_LATENCY_MASK, wait_states);
}

bool clock_set(uint32_t sysclk_hz) {
    if (sysclk_hz % CLOCK_STEP_HZ != 0 || sysclk_hz < CLOCK_MIN_HZ || sysclk_hz > CLOCK_MAX_HZ || !run_from_hsi()) {
        return false;
    }
    uint32_t plln = sysclk_hz / CLOCK_STEP_HZ;
    bool over_drive = sysclk_hz > OVER_DRIVE_ABOVE_HZ;
    const struct bus_limits *limits = over_drive ? &over_drive_limits : &normal_limits;

    RCC_APB1ENR |= RCC_APB1ENR_PWREN;
    (void)RCC_APB1ENR; /* RM0385 5.2.13: a peripheral answers two clocks after it was enabled */
    /* Voltage scale 1; RM0385 4.1.4 allows to change it, and to leave over-drive, while the PLL is off. */
    PWR_CR1 = (PWR_CR1 & ~(PWR_CR1_ODEN | PWR_CR1_ODSWEN)) | PWR_CR1_VOS_SCALE_1;
    configure_pll(plln);
    RCC_CR |= RCC_CR_PLLON;
    if (over_drive && !enter_over_drive()) {
        return false;
    }
    if (!set_wait_states(sysclk_hz)) {
        return false;
    }
    set_field(&RCC_CFGR, RCC_CFGR_HPRE_POSITION, RCC_CFGR_HPRE_MASK, 0);
    set_field(&RCC_CFGR, RCC_CFGR_PPRE1_POSITION, RCC_CFGR_PPRE_MASK, bus_prescaler(sysclk_hz, limits->pclk1_hz));
    set_field(&RCC_CFGR, RCC_CFGR_PPRE2_POSITION, RCC_CFGR_PPRE_MASK, bus_prescaler(sysclk_hz, limits->pclk2_hz));
    if (!wait_for(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        return false;
    }
    set_field(&RCC_CFGR, 0, RCC_CFGR_SW_MASK, RCC_CFGR_SW_PLL);
    if (!wait_for(&RCC_CFGR, RCC_CFGR_SWS_MASK << RCC_CFGR_SWS_POSITION,
                  RCC_CFGR_SWS_PLL << RCC_CFGR_SWS_POSITION)) {
        set_field(&RCC_CFGR, 0, RCC_CFGR_SW_MASK, RCC_CFGR_SW_HSI);
        return false;
    }
    return true;
}

uint32_t clock_sysclk_hz(void) {
    switch (RCC_CFGR >> RCC_CFGR_SWS_POSITION & RCC_CFGR_SWS_MASK) {
    case RCC_CFGR_SWS_HSE:
        return board.hse_hz;
    case RCC_CFGR_SWS_PLL: {
        uint32_t pllcfgr = RCC_PLLCFGR;
        uint32_t source_hz = pllcfgr & RCC_PLLCFGR_PLLSRC_HSE ? board.hse_hz : HSI_HZ;
        uint32_t pllm = pllcfgr >> RCC_PLLCFGR_PLLM_POSITION & RCC_PLLCFGR_PLLM_MASK;
        uint32_t plln = pllcfgr >> RCC_PLLCFGR_PLLN_POSITION & RCC_PLLCFGR_PLLN_MASK;
        uint32_t pllp = 2 * ((pllcfgr >> RCC_PLLCFGR_PLLP_POSITION & RCC_PLLCFGR_PLLP_MASK) + 1);
        return (uint32_t)((uint64_t)source_hz * plln / pllm / pllp);
    }
    default:
        return HSI_HZ;
    }
}
