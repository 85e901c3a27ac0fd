/* Counts of the DWT's events over a function that wraps them many times: SysTick interrupts it every so many cycles, and
 * reads them. Whoever reads at least every 256 cycles loses nothing, but counts the interrupts as well. */
#include "board.h"

#define COUNTERS ((volatile uint32_t *)DWT_CYCCNT) /* CYCCNT, CPICNT, EXCCNT, SLEEPCNT, LSUCNT, FOLDCNT */
#define COUNT 6
#define ELEMENTS 600

struct counted {
    uint32_t sums[COUNT];
    uint32_t windows;
    uint32_t lost; /* windows in which a counter may have wrapped */
};

volatile struct counted counted[PERIODS];
volatile uint32_t undisturbed_cycles;
static volatile struct counted *current;
static uint32_t before[COUNT];
static int16_t input[ELEMENTS], weights[ELEMENTS];

static void fill(void)
{
    for (int i = 0; i < ELEMENTS; i++) {
        input[i] = (int16_t)(i * 37);
        weights[i] = (int16_t)(i * 91);
    }
}

/* Loads, stores, multiplications, divisions, and branches that depend on data. */
__attribute__((noinline)) static int32_t kernel(void)
{
    int32_t sum = 0;
    for (int turn = 0; turn < 20; turn++) {
        for (int i = 0; i < ELEMENTS; i++) {
            sum += input[i] * weights[i];
            if (sum & 64) {
                sum /= 3;
            }
            input[i] = (int16_t)(sum + turn);
        }
    }
    return sum;
}

static void begin_window(void)
{
    for (int i = 0; i < COUNT; i++) {
        before[i] = COUNTERS[i];
    }
}

static void end_window(void)
{
    uint32_t now[COUNT];
    for (int i = 0; i < COUNT; i++) {
        now[i] = COUNTERS[i];
    }
    current->sums[0] += now[0] - before[0];
    for (int i = 1; i < COUNT; i++) {
        current->sums[i] += (now[i] - before[i]) & 0xFF;
    }
    current->windows++;
    current->lost += now[0] - before[0] > 0xFF;
}

/* The next period begins at its end, so that each has its cycles, however long this takes. */
void systick_handler(void)
{
    REG(SYST_CSR) = 0;
    end_window();
    REG(SYST_CVR) = 0;
    REG(SYST_CSR) = 7;
    begin_window();
}

int main(void)
{
    static const uint32_t periods[PERIODS] = {PERIOD_CYCLES};
    REG(DEMCR) |= 1u << 24;
    REG(DWT_CTRL) |= 1u | 0x1Fu << 17;
    fill();
    uint32_t begun = REG(DWT_CYCCNT);
    seen[0] = (uint32_t)kernel();
    undisturbed_cycles = REG(DWT_CYCCNT) - begun;
    seen[62] = 1;
    for (int i = 0; i < PERIODS; i++) {
        fill();
        current = &counted[i];
        REG(SYST_RVR) = periods[i];
        REG(SYST_CVR) = 0;
        begin_window();
        REG(SYST_CSR) = 7;
        seen[1] = (uint32_t)kernel();
        REG(SYST_CSR) = 0;
        end_window();
    }
    seen[63] = 1;
    return 0;
}
