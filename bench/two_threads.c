/* Two threads that take turns, as under an operating system: a tick 10,000 times a second switches to the thread that
 * waits, which works a little and switches back. With FLOATS both threads have floating-point context.
 *
 * Linked with the start-up code of the tests; TICKS ends it, CLOCK_HZ is what the tick is derived from.
 */
#include "board.h"

#define SCB_ICSR 0xE000ED04u
#define SCB_SHPR3 0xE000ED20u
#define PEND_SV (1u << 28)
#define TICKS_PER_SECOND 10000u
#define STACK_WORDS 256

static uint32_t stacks[2][STACK_WORDS];
static uint32_t *volatile saved[2];
static volatile uint32_t current, ticks, switches;

__attribute__((used)) uint32_t *switch_stacks(uint32_t *mine)
{
    saved[current] = mine;
    current ^= 1u;
    switches++;
    return saved[current];
}

__attribute__((naked)) void pendsv_handler(void)
{
    __asm volatile("mrs r0, psp\n"
                   "tst lr, #0x10\n it eq\n vstmdbeq r0!, {s16-s31}\n"
                   "stmdb r0!, {r4-r11, lr}\n"
                   "bl switch_stacks\n"
                   "ldmia r0!, {r4-r11, lr}\n"
                   "tst lr, #0x10\n it eq\n vldmiaeq r0!, {s16-s31}\n"
                   "msr psp, r0\n bx lr\n");
}

void systick_handler(void)
{
    ticks++;
    REG(SCB_ICSR) = PEND_SV;
}

static uint32_t work(uint32_t value, uint32_t rounds)
{
    for (uint32_t round = 0; round < rounds; round++) {
        value = value * 1664525u + 1013904223u;
        value ^= value >> 7;
        value += round;
    }
#ifdef FLOATS
    static volatile float mean = 1.0f;
    mean = mean * 0.9f + (float)(value & 0xFFu) * 0.1f;
#endif
    return value;
}

static void waits(void)
{
    for (uint32_t value = 1;;) {
        value = work(value, 50);
        seen[8] = value;
        REG(SCB_ICSR) = PEND_SV;
        __asm volatile("dsb\n isb");
    }
}

static void computes(void)
{
    uint32_t value = 2;
    while (ticks < TICKS) {
        value = work(value, 100);
    }
    seen[0] = ticks;
    seen[1] = switches;
    seen[2] = value;
    seen[63] = 1;
    for (;;) {
    }
}

int main(void)
{
    /* What an exception and the handler of PendSV would have left of a thread that waits. */
    uint32_t *frame = stacks[1] + STACK_WORDS - 8;
    frame[6] = (uint32_t)waits;
    frame[7] = 1u << 24;
    saved[1] = frame - 9;
    saved[1][8] = 0xFFFFFFFDu;
    REG(SCB_SHPR3) = 0xF0F00000u;
    __asm volatile("msr psp, %0\n movs r0, #2\n msr control, r0\n isb" ::"r"(stacks[0] + STACK_WORDS - 8) : "r0");
    REG(SYST_RVR) = CLOCK_HZ / TICKS_PER_SECOND - 1u;
    REG(SYST_CVR) = 0;
    REG(SYST_CSR) = 7;
    computes();
    return 0;
}
