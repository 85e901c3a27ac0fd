#include "board.h"

volatile uint32_t seen[64];

static void clock_pll(uint32_t multiplier, uint32_t prescalers)
{
    REG(RCC_APB1ENR) |= 1u << 28;
    REG(PWR_CR1) |= 3u << 14;
    REG(RCC_CR) |= 1u << 0;
    while (!(REG(RCC_CR) & (1u << 1))) {
    }
    REG(RCC_PLLCFGR) = 8u | multiplier << 6 | 0u << 16 | 0u << 22 | 9u << 24;
    REG(RCC_CR) |= 1u << 24;
    REG(PWR_CR1) |= 1u << 16;
    while (!(REG(PWR_CSR1) & (1u << 16))) {
    }
    REG(PWR_CR1) |= 1u << 17;
    while (!(REG(PWR_CSR1) & (1u << 17))) {
    }
    while (!(REG(RCC_CR) & (1u << 25))) {
    }
    REG(FLASH_ACR) = 7u | 1u << 8 | 1u << 9;
    while ((REG(FLASH_ACR) & 0xFu) != 7u) {
    }
    REG(RCC_CFGR) = prescalers;
    REG(RCC_CFGR) |= 2u;
    while ((REG(RCC_CFGR) & 0xCu) != 0x8u) {
    }
}

void clock_216(void)
{
    clock_pll(216, 5u << 10 | 4u << 13); /* APB1 / 4, APB2 / 2 */
}

void clock_288(void)
{
    clock_pll(288, 6u << 10 | 5u << 13); /* APB1 / 8, APB2 / 4 */
}

void cycles_on(void)
{
    REG(DEMCR) |= 1u << 24;
    REG(DWT_LAR) = 0xC5ACCE55u;
    REG(DWT_CYCCNT) = 0;
    REG(DWT_CTRL) |= 1u;
}

void serial_on(uint32_t divider)
{
    REG(RCC_AHB1ENR) |= 1u << 2;
    REG(RCC_APB2ENR) |= 1u << 5;
    (void)REG(RCC_APB2ENR);
    REG(GPIOC + 0x00) = (REG(GPIOC + 0x00) & ~0xF000u) | 0xA000u;
    REG(GPIOC + 0x20) = (REG(GPIOC + 0x20) & ~0xFF000000u) | 0x88000000u;
    REG(USART6_BRR) = divider;
    REG(USART6_CR1) = 1u << 0 | 1u << 2 | 1u << 3;
}

void put(char byte)
{
    while (!(REG(USART6_ISR) & (1u << 7))) {
    }
    REG(USART6_TDR) = (uint8_t)byte;
}

void put_text(const char *text)
{
    while (*text) {
        put(*text++);
    }
    while (!(REG(USART6_ISR) & (1u << 6))) {
    }
}

int get(void)
{
    while (!(REG(USART6_ISR) & (1u << 5))) {
    }
    return (int)(REG(USART6_RDR) & 0xFFu);
}
