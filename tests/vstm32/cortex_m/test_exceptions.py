"""Exception entry, return, priorities and masks, as firmware sees them."""


def test_svc_pushes_the_frame_and_returns_with_what_the_handler_changed_in_it(bench):
    source = """
    __attribute__((used)) void serve(uint32_t *frame, uint32_t exc_return)
    {
        seen[0] = exc_return; seen[1] = frame[0]; seen[2] = frame[3];
        seen[3] = ((uint8_t *)frame[6])[-2];
        __asm volatile("mrs %0, ipsr" : "=r"(*(uint32_t *)&seen[4]));
        frame[0] = 99;
    }
    __attribute__((naked)) void svc_handler(void)
    {
        __asm volatile("mov r0, sp\\n mov r1, lr\\n push {r4, lr}\\n bl serve\\n pop {r4, pc}");
    }
    int main(void)
    {
        register uint32_t r0 __asm("r0") = 11;
        register uint32_t r3 __asm("r3") = 33;
        __asm volatile("svc 42" : "+r"(r0) : "r"(r3) : "memory");
        seen[5] = r0;
        __asm volatile("mrs %0, ipsr" : "=r"(*(uint32_t *)&seen[6]));
        seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert [board.seen(index) for index in range(7)] == [0xFFFF_FFF9, 11, 33, 42, 11, 99, 0]


def test_the_floating_point_context_survives_a_handler_that_uses_the_fpu(bench):
    source = """
    static volatile uint32_t served;
    static volatile float mixed = 1.5f;
    void systick_handler(void)
    {
        __asm volatile("mov %0, lr" : "=r"(*(uint32_t *)&seen[0]));
        mixed = mixed * 3.0f + 0.25f; served++;
        __asm volatile("vmov.f32 s0, #2.0\\n vmov.f32 s15, #4.0\\n vmov.f32 s7, #8.0" ::: "s0", "s7", "s15");
    }
    int main(void)
    {
        REG(SYST_RVR) = 300; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
        uint32_t wrong = 0;
        for (uint32_t round = 0; round < 2000; round++) {
            float a = (float)round, sum;
            __asm volatile(
                "vmov.f32 s0, %1\\n vadd.f32 s1, s0, s0\\n vmov.f32 s7, s0\\n vmov.f32 s15, s1\\n nop\\n"
                "1: adds r0, #0\\n nop\\n nop\\n"
                "vadd.f32 s7, s7, s15\\n vadd.f32 %0, s7, s0\\n"
                : "=t"(sum) : "t"(a) : "s0", "s1", "s7", "s15", "r0", "cc");
            wrong += sum != 4.0f * a;
        }
        seen[1] = wrong; seen[2] = served; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert board.seen(0) == 0xFFFF_FFE9
    assert board.seen(1) == 0
    assert board.seen(2) > 50


def test_a_thread_on_the_process_stack_comes_back_to_it(bench):
    source = """
    static uint32_t process_stack[64] __attribute__((aligned(8)));
    __attribute__((naked)) void svc_handler(void)
    {
        __asm volatile("ldr r0, =seen\\n str lr, [r0]\\n mov r1, sp\\n str r1, [r0, #4]\\n"
                       "mrs r1, psp\\n str r1, [r0, #8]\\n bx lr");
    }
    int main(void)
    {
        __asm volatile("msr psp, %0\\n movs r0, #2\\n msr control, r0\\n isb"
                       :: "r"(process_stack + 64) : "r0");
        __asm volatile("svc 1" ::: "r0", "r1");
        uint32_t stack, control;
        __asm volatile("mov %0, sp\\n mrs %1, control\\n movs r0, #0\\n msr control, r0\\n isb"
                       : "=r"(stack), "=r"(control) :: "r0");
        seen[3] = stack == (uint32_t)(process_stack + 64); seen[4] = control & 3;
        seen[5] = (uint32_t)(process_stack + 64) - seen[2]; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert board.seen(0) == 0xFFFF_FFFD
    assert board.seen(1) > 0x2000_FF00
    assert (board.seen(3), board.seen(4), board.seen(5)) == (1, 2, 32)


def test_an_unprivileged_thread_comes_back_unprivileged_on_its_own_stack(bench):
    source = """
    static uint32_t process_stack[64] __attribute__((aligned(8)));
    __attribute__((naked)) void svc_handler(void) { __asm volatile("mov r0, lr\\n bx lr"); }
    int main(void)
    {
        uint32_t stack, control;
        __asm volatile("msr psp, %2\\n movs r0, #3\\n msr control, r0\\n isb\\n vmov.f32 s5, #1.0\\n"
                       "svc 1\\n mov %0, sp\\n mrs %1, control"
                       : "=r"(stack), "=r"(control) : "r"(process_stack + 64) : "r0", "s5", "memory");
        seen[0] = stack - (uint32_t)process_stack; seen[1] = control; seen[63] = 1;
        for (;;) { }
    }
    """
    board = bench(source).run()
    assert (board.seen(0), board.seen(1)) == (256, 7)


ORDER = """
static void note(uint32_t what) { seen[seen[62]++] = what; }
"""


def order(board):
    return [board.seen(index) for index in range(board.seen(62))]


def test_a_higher_priority_preempts_and_a_lower_one_waits(bench):
    source = (
        ORDER
        + """
    void exti0_handler(void) { note(1); REG(NVIC_ISPR) = 1u << 7; __asm volatile("isb"); note(2);
                               REG(SCB_ICSR) = 1u << 28; __asm volatile("isb"); note(3); }
    void exti1_handler(void) { note(10); }
    void pendsv_handler(void) { note(20); }
    int main(void)
    {
        REG8(NVIC_IPR + 6) = 0x80; REG8(NVIC_IPR + 7) = 0x40; REG8(SCB_SHPR3 + 2) = 0xF0;
        REG(NVIC_ISER) = 3u << 6;
        REG(NVIC_ISPR) = 1u << 6;
        __asm volatile("isb");
        note(4); seen[60] = REG(NVIC_IPR + 4); seen[63] = 1;
        return 0;
    }
    """
    )
    board = bench(source).run()
    assert order(board) == [1, 10, 2, 3, 20, 4]
    assert board.seen(60) == 0x4080_0000


def test_of_two_pending_the_lower_priority_number_goes_first_then_the_lower_exception(bench):
    source = (
        ORDER
        + """
    void exti0_handler(void) { note(6); }
    void exti1_handler(void) { note(7); }
    void pendsv_handler(void) { note(14); }
    int main(void)
    {
        REG8(NVIC_IPR + 6) = 0x50; REG8(NVIC_IPR + 7) = 0x40; REG8(SCB_SHPR3 + 2) = 0x50;
        REG(NVIC_ISER) = 3u << 6;
        __asm volatile("cpsid i");
        REG(NVIC_ISPR) = 3u << 6; REG(SCB_ICSR) = 1u << 28;
        __asm volatile("isb\\n nop");
        note(0);
        __asm volatile("cpsie i\\n isb");
        note(1); seen[63] = 1;
        return 0;
    }
    """
    )
    assert order(bench(source).run()) == [0, 7, 14, 6, 1]


def test_primask_holds_an_interrupt_back_until_the_very_next_instruction_after_it_is_cleared(bench):
    source = (
        ORDER
        + """
    void exti0_handler(void) { note(5); }
    int main(void)
    {
        REG(NVIC_ISER) = 1u << 6;
        for (int round = 0; round < 3; round++) {
            __asm volatile("cpsid i");
            REG(NVIC_ISPR) = 1u << 6;
            for (volatile int i = 0; i < 20; i++) { }
            note(1);
            __asm volatile("cpsie i");
            note(2);
        }
        seen[63] = 1;
        return 0;
    }
    """
    )
    assert order(bench(source).run()) == [1, 5, 2] * 3


def test_basepri_holds_back_what_is_not_above_it(bench):
    source = (
        ORDER
        + """
    void exti0_handler(void) { note(6); }
    void exti1_handler(void) { note(7); }
    int main(void)
    {
        REG8(NVIC_IPR + 6) = 0x50; REG8(NVIC_IPR + 7) = 0x20; REG(NVIC_ISER) = 3u << 6;
        __asm volatile("msr basepri, %0\\n isb" :: "r"(0x40));
        REG(NVIC_ISPR) = 3u << 6;
        __asm volatile("isb");
        note(1);
        __asm volatile("msr basepri, %0\\n isb" :: "r"(0));
        note(2); seen[63] = 1;
        return 0;
    }
    """
    )
    assert order(bench(source).run()) == [7, 1, 6, 2]


def test_the_priority_group_decides_what_preempts(bench):
    source = (
        ORDER
        + """
    void exti0_handler(void) { note(1); REG(NVIC_ISPR) = 1u << 7; __asm volatile("isb"); note(2); }
    void exti1_handler(void) { note(10); }
    int main(void)
    {
        REG(SCB_AIRCR) = 0x05FA0000u | 6u << 8;   /* one bit of group priority */
        REG8(NVIC_IPR + 6) = 0x50; REG8(NVIC_IPR + 7) = 0x10; REG(NVIC_ISER) = 3u << 6;
        REG(NVIC_ISPR) = 1u << 6;
        __asm volatile("isb");
        note(3); seen[60] = REG(SCB_AIRCR); seen[63] = 1;
        return 0;
    }
    """
    )
    board = bench(source).run()
    assert order(board) == [1, 2, 10, 3]
    assert board.seen(60) == 0xFA05_0600


def test_an_interrupt_that_is_not_enabled_stays_pending_until_it_is(bench):
    source = (
        ORDER
        + """
    void exti0_handler(void) { note(6); }
    int main(void)
    {
        REG(NVIC_ISPR) = 1u << 6; __asm volatile("isb");
        note(REG(NVIC_ISPR));
        REG(NVIC_ISER) = 1u << 6; __asm volatile("isb");
        note(REG(NVIC_ISPR)); seen[63] = 1;
        return 0;
    }
    """
    )
    assert order(bench(source).run()) == [1 << 6, 6, 0]


def test_a_handler_sees_itself_active_in_the_system_registers(bench):
    source = (
        ORDER
        + """
    void pendsv_handler(void) { note(REG(SCB_ICSR) & 0x9FF); note(REG(SCB_SHCSR)); }
    int main(void)
    {
        REG(SCB_ICSR) = 1u << 28; __asm volatile("isb");
        note(REG(SCB_ICSR) & 0x1FF); note(REG(SCB_SHCSR)); seen[63] = 1;
        return 0;
    }
    """
    )
    assert order(bench(source).run()) == [0x80E, 1 << 10, 0, 0]


def test_wfi_with_primask_set_wakes_without_taking_the_interrupt(bench):
    source = (
        ORDER
        + """
    void systick_handler(void) { note(9); }
    int main(void)
    {
        REG(SYST_RVR) = 999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
        __asm volatile("cpsid i\\n wfi");
        note(1); REG(SYST_CSR) = 0;
        __asm volatile("cpsie i\\n isb");
        note(2); seen[63] = 1;
        return 0;
    }
    """
    )
    assert order(bench(source).run()) == [1, 9, 2]


def test_an_interrupted_if_then_block_goes_on_where_it_stopped(bench):
    """The tick may come at any block; flags and results must not change."""
    source = """
    static volatile uint32_t served;
    void systick_handler(void) { served++; __asm volatile("cmp r0, #77\\n adds r0, #1" ::: "r0", "cc"); }
    int main(void)
    {
        REG(SYST_RVR) = 97; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
        uint32_t even = 0, odd = 0;
        for (uint32_t i = 0; i < 20000; i++) {
            __asm volatile("tst %2, #1\\n ite eq\\n addeq %0, #1\\n addne %1, #1"
                           : "+r"(even), "+r"(odd) : "r"(i) : "cc");
        }
        seen[0] = even; seen[1] = odd; seen[2] = served; seen[63] = 1;
        return 0;
    }
    """
    board = bench(source).run()
    assert (board.seen(0), board.seen(1)) == (10_000, 10_000)
    assert board.seen(2) > 500


def test_vtor_moves_the_vector_table(bench):
    source = (
        ORDER
        + """
    static uint32_t table[128] __attribute__((aligned(512)));
    static void other(void) { note(77); }
    int main(void)
    {
        for (int i = 0; i < 114; i++) table[i] = ((volatile uint32_t *)0x08000000u)[i];
        table[14] = (uint32_t)other;
        REG(SCB_VTOR) = (uint32_t)table; __asm volatile("dsb");
        REG(SCB_ICSR) = 1u << 28; __asm volatile("isb");
        seen[63] = 1;
        return 0;
    }
    """
    )
    assert order(bench(source, "-fno-delete-null-pointer-checks").run()) == [77]
