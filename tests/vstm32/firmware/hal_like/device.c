/* Tick, clocks, MPU, caches and USART1, with the order of register accesses that a vendor's library has. */
#include "device.h"

uint32_t core_clock_hz = 16000000u;

static volatile uint32_t tick;

#define BARRIER() __asm volatile("dsb 0xF\n isb 0xF" ::: "memory")

void SysTick_Handler(void)
{
    tick++;
}

uint32_t ticks(void)
{
    return tick;
}

void delay(uint32_t ms)
{
    uint32_t start = ticks();
    while (ticks() - start < ms + 1u) {
    }
}

static void start_tick(void)
{
    SYSTICK->load = core_clock_hz / 1000u - 1u;
    SCB->shpr[11] = 0xF0;
    SYSTICK->val = 0;
    SYSTICK->ctrl = 7;
    SCB->shpr[11] = 15u << 4;
}

void init(void)
{
    FLASH->acr |= 1u << 9;
    FLASH->acr |= 1u << 8;
    uint32_t aircr = SCB->aircr & ~(0xFFFF0000u | 0x700u);
    SCB->aircr = aircr | 0x05FA0000u | 3u << 8;
    start_tick();
}

/* Waits for bits of a register against the tick, as every wait of the library does. */
static int wait_for(reg *where, uint32_t mask, uint32_t wanted, uint32_t timeout_ms)
{
    uint32_t start = ticks();
    while ((*where & mask) != wanted) {
        if (ticks() - start > timeout_ms) {
            return 1;
        }
    }
    return 0;
}

int clock_216(void)
{
    RCC->apb1enr |= 1u << 28;
    (void)(RCC->apb1enr & 1u << 28);
    PWR->cr1 = (PWR->cr1 & ~(3u << 14)) | 3u << 14;
    (void)(PWR->cr1 & 3u << 14);

    /* The crystal of 25 MHz, then the PLL from it: 25 / 25 * 432 / 2. */
    RCC->cr |= 1u << 16;
    if (wait_for(&RCC->cr, 1u << 17, 1u << 17, 100)) {
        return 1;
    }
    RCC->cr &= ~(1u << 24);
    if (wait_for(&RCC->cr, 1u << 25, 0, 2)) {
        return 2;
    }
    RCC->pllcfgr = 1u << 22 | 25u | 432u << 6 | (2u / 2u - 1u) << 16 | 9u << 24 | 2u << 28;
    RCC->cr |= 1u << 24;
    if (wait_for(&RCC->cr, 1u << 25, 1u << 25, 2)) {
        return 3;
    }

    /* Over-drive: first ready, then switched to. */
    PWR->cr1 |= 1u << 16;
    if (wait_for(&PWR->csr1, 1u << 16, 1u << 16, 1000)) {
        return 4;
    }
    PWR->cr1 |= 1u << 17;
    if (wait_for(&PWR->csr1, 1u << 17, 1u << 17, 1000)) {
        return 5;
    }

    /* More wait states first, then the prescalers, then the switch. */
    FLASH->acr = (FLASH->acr & ~0xFu) | 7u;
    if ((FLASH->acr & 0xFu) != 7u) {
        return 6;
    }
    RCC->cfgr = (RCC->cfgr & ~(7u << 10)) | 7u << 10;
    RCC->cfgr = (RCC->cfgr & ~(7u << 13)) | 7u << 13;
    RCC->cfgr &= ~(15u << 4);
    if (!(RCC->cr & 1u << 25)) {
        return 7;
    }
    RCC->cfgr = (RCC->cfgr & ~3u) | 2u;
    if (wait_for(&RCC->cfgr, 3u << 2, 2u << 2, 5000)) {
        return 8;
    }
    RCC->cfgr = (RCC->cfgr & ~(7u << 10)) | 5u << 10; /* APB1: a quarter */
    RCC->cfgr = (RCC->cfgr & ~(7u << 13)) | 4u << 13; /* APB2: a half */
    core_clock_hz = 216000000u;
    start_tick();
    return 0;
}

void protect(void)
{
    __asm volatile("dmb 0xF" ::: "memory");
    SCB->shcsr &= ~(1u << 16);
    MPU->ctrl = 0;
    /* Region 0: 4 GB without access and execution, except where subregions 0, 1, 2 and 7 are off. */
    MPU->rnr = 0;
    MPU->rasr &= ~1u;
    MPU->rbar = 0;
    MPU->rasr = 1u << 28 | 0u << 24 | 1u << 18 | 0x87u << 8 | 31u << 1 | 1u;
    MPU->ctrl = 1u << 2 | 1u;
    SCB->shcsr |= 1u << 16;
    BARRIER();
}

void caches(void)
{
    BARRIER();
    CACHE(0x50) = 0;
    BARRIER();
    SCB->ccr |= 1u << 17;
    BARRIER();

    SCB->csselr = 0;
    __asm volatile("dsb 0xF" ::: "memory");
    uint32_t sizes = SCB->ccsidr, set = sizes >> 13 & 0x7FFFu;
    do {
        uint32_t way = sizes >> 3 & 0x3FFu;
        do {
            CACHE(0x60) = (set << 5 & 0x3FE0u) | (way << 30 & 0xC0000000u);
        } while (way-- != 0u);
    } while (set-- != 0u);
    __asm volatile("dsb 0xF" ::: "memory");
    SCB->ccr |= 1u << 16;
    BARRIER();
}

static struct {
    uint8_t *place;
    volatile uint16_t left;
} receiver;
static uint8_t byte;
static char gathered[128];
static volatile uint16_t length;
static volatile uint8_t complete;

static void alternate(struct gpio *port, uint32_t pin, uint32_t function)
{
    port->ospeedr = (port->ospeedr & ~(3u << 2 * pin)) | 3u << 2 * pin;
    port->otyper &= ~(1u << pin);
    port->pupdr = (port->pupdr & ~(3u << 2 * pin)) | 1u << 2 * pin;
    port->afr[pin >> 3] = (port->afr[pin >> 3] & ~(15u << 4 * (pin & 7u))) | function << 4 * (pin & 7u);
    port->moder = (port->moder & ~(3u << 2 * pin)) | 2u << 2 * pin;
}

static void receive_by_interrupt(uint8_t *place, uint16_t size)
{
    receiver.place = place;
    receiver.left = size;
    USART1->cr3 |= 1u << 0;
    USART1->cr1 |= 1u << 8 | 1u << 5;
}

void serial_open(void)
{
    RCC->apb2enr |= 1u << 4;
    (void)(RCC->apb2enr & 1u << 4);
    RCC->ahb1enr |= 1u << 0;
    (void)(RCC->ahb1enr & 1u << 0);
    RCC->ahb1enr |= 1u << 1;
    (void)(RCC->ahb1enr & 1u << 1);
    alternate(GPIOA, 9, 7);
    alternate(GPIOB, 7, 7);
    NVIC->ipr[USART1_INTERRUPT] = 5u << 4;
    NVIC->iser[USART1_INTERRUPT >> 5] = 1u << (USART1_INTERRUPT & 31);

    USART1->cr1 &= ~1u;
    USART1->cr1 = (USART1->cr1 & ~0x1000960Cu) | 1u << 2 | 1u << 3;
    USART1->cr2 &= ~(3u << 12);
    USART1->cr3 &= ~0xB00u;
    USART1->brr = (core_clock_hz / 2u + 115200u / 2u) / 115200u;
    USART1->cr2 &= ~0x6800u;
    USART1->cr3 &= ~0x2Au;
    USART1->cr1 |= 1u;
    (void)wait_for(&USART1->isr, 1u << 21, 1u << 21, 100);
    (void)wait_for(&USART1->isr, 1u << 22, 1u << 22, 100);
    receive_by_interrupt(&byte, 1);
}

int serial_send(const uint8_t *data, uint16_t size, uint32_t timeout_ms)
{
    while (size-- > 0u) {
        if (wait_for(&USART1->isr, 1u << 7, 1u << 7, timeout_ms)) {
            return 1;
        }
        USART1->tdr = *data++;
    }
    return wait_for(&USART1->isr, 1u << 6, 1u << 6, timeout_ms);
}

static void received(void)
{
    if (byte == '\n') {
        complete = 1;
    } else if (length + 1u < sizeof gathered) {
        gathered[length++] = (char)byte;
    }
    receive_by_interrupt(&byte, 1);
}

void USART1_IRQHandler(void)
{
    uint32_t flags = USART1->isr, enabled = USART1->cr1, errors = flags & 0xFu;
    if ((flags & 1u << 5) && (enabled & 1u << 5)) {
        *receiver.place++ = (uint8_t)(USART1->rdr & 0xFFu);
        if (--receiver.left == 0u) {
            USART1->cr1 &= ~(1u << 5 | 1u << 8);
            USART1->cr3 &= ~1u;
            received();
        }
    }
    if (errors) {
        USART1->icr = errors;
    }
}

int serial_line(char *line, uint16_t size)
{
    if (!complete) {
        return -1;
    }
    uint16_t count = length < size - 1u ? length : (uint16_t)(size - 1u);
    for (uint16_t index = 0; index < count; index++) {
        line[index] = gathered[index];
    }
    line[count] = 0;
    length = 0;
    complete = 0;
    return count;
}
