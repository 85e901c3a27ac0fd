#include "clock.h"

#include "board.h"
#include "register_access.h"
#include "registers.h"

#define MHZ 1000000u
#define HSI_HZ (16u * MHZ) /* RM0432 6.2.2 */

/* RM0432 6.2.5: the VCO gets 2.66 to 16 MHz and makes 64 to 344 MHz, which are divided by 2, 4, 6 or 8. */
#define PLLM 4u
#define VCO_MIN_HZ (64u * MHZ)

/* Above this the regulator is to be in range 1 boost, and HCLK must not jump there: RM0432 5.1.8. */
#define BOOST_ABOVE_HZ (80u * MHZ)

/* RM0432 3.3.3, range 1: one wait state more for every 20 MHz, 5 at most. */
#define HZ_PER_WAIT_STATE (20u * MHZ)

/* RM0432 6.2.9: HCLK stays at half of the system clock for at least a microsecond. A turn takes no less than a
 * cycle. */
#define MICROSECOND_TURNS 120u

static bool run_from(uint32_t source) {
    set_field(&RCC_CFGR, 0, RCC_CFGR_SW_MASK, source);
    return wait_for(&RCC_CFGR, RCC_CFGR_SW_MASK << RCC_CFGR_SWS_POSITION, source << RCC_CFGR_SWS_POSITION);
}

/* Also if a debugger started the program again without a reset, from whatever clock. */
static bool run_from_hsi(void) {
    RCC_CR |= RCC_CR_HSION;
    if (!wait_for(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY) || !run_from(RCC_CFGR_SOURCE_HSI)) {
        return false;
    }
    RCC_CR &= ~RCC_CR_PLLON;
    return wait_for(&RCC_CR, RCC_CR_PLLRDY, 0);
}

/* The smallest divider, 2 x 2 to the power of 0, 1 or 2, with which the VCO is fast enough. */
static void configure_pll(uint32_t sysclk_hz) {
    uint32_t shift = 0;
    while (shift < 2 && 2 * sysclk_hz << shift < VCO_MIN_HZ) {
        shift++;
    }
    uint32_t plln = (2 * sysclk_hz << shift) / (HSI_HZ / PLLM);
    uint32_t pllr = (1u << shift) - 1;
    RCC_PLLCFGR = RCC_PLLCFGR_PLLSRC_HSI | (PLLM - 1) << RCC_PLLCFGR_PLLM_POSITION |
                  plln << RCC_PLLCFGR_PLLN_POSITION | RCC_PLLCFGR_PLLREN | pllr << RCC_PLLCFGR_PLLR_POSITION;
}

/* RM0432 5.1.8: range 1, and its boost for what is faster than 80 MHz; the core runs from the HSI16 meanwhile. */
static bool set_voltage(uint32_t sysclk_hz) {
    RCC_APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC_APB1ENR1; /* RM0432 6.2.18: a peripheral answers two clocks after it was enabled */
    set_field(&PWR_CR1, PWR_CR1_VOS_POSITION, PWR_CR1_VOS_MASK, PWR_CR1_VOS_RANGE_1);
    if (!wait_for(&PWR_SR2, PWR_SR2_VOSF, 0)) {
        return false;
    }
    if (sysclk_hz > BOOST_ABOVE_HZ) {
        PWR_CR5 &= ~PWR_CR5_R1MODE;
    } else {
        PWR_CR5 |= PWR_CR5_R1MODE;
    }
    return true;
}

/* RM0432 3.3.3: the wait states count when they read back. Prefetch and both caches, which are on after reset. */
static bool set_flash(uint32_t hclk_hz) {
    uint32_t wait_states = (hclk_hz - 1) / HZ_PER_WAIT_STATE;
    set_field(&FLASH_ACR, 0, FLASH_ACR_LATENCY_MASK, wait_states);
    FLASH_ACR |= FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN;
    return wait_for(&FLASH_ACR, FLASH_ACR_LATENCY_MASK, wait_states);
}

bool clock_set(uint32_t sysclk_hz) {
    if (sysclk_hz % CLOCK_STEP_HZ != 0 || sysclk_hz < CLOCK_MIN_HZ || sysclk_hz > CLOCK_MAX_HZ || !run_from_hsi()) {
        return false;
    }
    configure_pll(sysclk_hz);
    RCC_CR |= RCC_CR_PLLON;
    /* Neither peripheral bus has a limit below that of the core (DS12023). */
    set_field(&RCC_CFGR, RCC_CFGR_PPRE1_POSITION, RCC_CFGR_PPRE_MASK, 0);
    set_field(&RCC_CFGR, RCC_CFGR_PPRE2_POSITION, RCC_CFGR_PPRE_MASK, 0);
    if (!set_voltage(sysclk_hz) || !set_flash(sysclk_hz) || !wait_for(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        return false;
    }
    bool halved = sysclk_hz > BOOST_ABOVE_HZ;
    set_field(&RCC_CFGR, RCC_CFGR_HPRE_POSITION, RCC_CFGR_HPRE_MASK, halved ? RCC_CFGR_HPRE_HALF : 0);
    if (!run_from(RCC_CFGR_SOURCE_PLL)) {
        set_field(&RCC_CFGR, 0, RCC_CFGR_SW_MASK, RCC_CFGR_SOURCE_HSI);
        return false;
    }
    if (halved) {
        for (volatile uint32_t turn = 0; turn < MICROSECOND_TURNS; turn++) {
        }
        set_field(&RCC_CFGR, RCC_CFGR_HPRE_POSITION, RCC_CFGR_HPRE_MASK, 0);
    }
    return true;
}

static uint32_t pll_hz(void) {
    uint32_t pllcfgr = RCC_PLLCFGR;
    bool from_hsi = (pllcfgr & RCC_PLLCFGR_PLLSRC_MASK) == RCC_PLLCFGR_PLLSRC_HSI;
    uint32_t source_hz = from_hsi ? HSI_HZ : board.hse_hz;
    uint32_t pllm = (pllcfgr >> RCC_PLLCFGR_PLLM_POSITION & RCC_PLLCFGR_PLLM_MASK) + 1;
    uint32_t plln = pllcfgr >> RCC_PLLCFGR_PLLN_POSITION & RCC_PLLCFGR_PLLN_MASK;
    uint32_t pllr = 2 * ((pllcfgr >> RCC_PLLCFGR_PLLR_POSITION & RCC_PLLCFGR_PLLR_MASK) + 1);
    return source_hz / pllm * plln / pllr;
}

uint32_t clock_sysclk_hz(void) {
    switch (RCC_CFGR >> RCC_CFGR_SWS_POSITION & RCC_CFGR_SW_MASK) {
    case RCC_CFGR_SOURCE_HSE:
        return board.hse_hz;
    case RCC_CFGR_SOURCE_PLL:
        return pll_hz();
    case RCC_CFGR_SOURCE_HSI:
        return HSI_HZ;
    default:
        return 4 * MHZ; /* RM0432 6.2.3: the MSI as it is after reset */
    }
}
