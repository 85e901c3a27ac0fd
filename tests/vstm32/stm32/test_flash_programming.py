"""Firmware that erases and programs flash, on the real emulated core."""

import struct

import pytest

from vstm32.base.findings import FindingKind
from vstm32.stm32 import flash
from vstm32.stm32.flash import FlashFaults

BSY, ERSERR, PGPERR, PGAERR, WRPERR, OPERR, EOP = 1 << 16, 1 << 7, 1 << 6, 1 << 5, 1 << 4, 1 << 1, 1
SECTOR_5, SECTOR_1 = 0x0804_0000, 0x0800_8000
WORD_CYCLES = 256  # 16 us at 16 MHz

PRELUDE = """
#define RAM __attribute__((section(".ramcode"), noinline, long_call))
#define PG 1u
#define SER 2u
#define MER 4u
#define X8 (0u << 8)
#define X16 (1u << 8)
#define X32 (2u << 8)
#define X64 (3u << 8)
#define STRT (1u << 16)
#define EOPIE (1u << 24)
#define ERRIE (1u << 25)
#define BSY (1u << 16)
#define WORD(address) REG(address)
#define HALF(address) (*(volatile uint16_t *)(address))
static inline uint32_t ready(void)
{
    while (REG(FLASH_SR) & BSY) {
    }
    return REG(FLASH_SR);
}
static inline void unlock(void)
{
    REG(FLASH_KEYR) = 0x45670123u;
    REG(FLASH_KEYR) = 0xCDEF89ABu;
}
static inline uint32_t erase(uint32_t sector)
{
    REG(FLASH_CR) = SER | sector << 3;
    REG(FLASH_CR) |= STRT;
    uint32_t status = ready();
    REG(FLASH_CR) = 0;
    return status;
}
static inline uint32_t program(uint32_t address, uint32_t value)
{
    REG(FLASH_CR) = X32 | PG;
    WORD(address) = value;
    __asm volatile("dsb" ::: "memory");
    uint32_t status = ready();
    REG(FLASH_CR) = 0;
    return status;
}
"""


@pytest.fixture
def made(bench):
    """made(body of main, functions before it) gives a board that has not run yet."""

    def build(body, before="", **options):
        return bench(
            f"{PRELUDE}{before}\nint main(void)\n{{\n{body}\nseen[63] = 1;\nreturn 0;\n}}\n", **options
        )

    return build


def words(board, address, count=1):
    return struct.unpack(f"<{count}I", board.board.read_memory(address, 4 * count))


def test_firmware_unlocks_erases_and_programs(made):
    board = made(
        """
        unlock();
        seen[0] = program(0x08040000u, 0x12345678u);
        seen[1] = WORD(0x08040000u);
        seen[2] = erase(5);
        seen[3] = WORD(0x08040000u);
        seen[4] = program(0x08040000u, 0xCAFEF00Du);
        seen[5] = WORD(0x08040000u);
        seen[6] = WORD(0x00240000u);
        """
    ).run()
    assert [board.seen(index) for index in range(7)] == [
        *(0, 0x1234_5678, 0, 0xFFFF_FFFF, 0, 0xCAFE_F00D, 0xCAFE_F00D)
    ]
    assert board.board.findings == ()


def test_flash_holds_the_and_of_what_was_stored_and_never_the_store_itself(made):
    board = made(
        """
        unlock();
        REG(FLASH_CR) = X32 | PG;
        WORD(0x08040000u) = 0xFF00F0F0u; seen[0] = WORD(0x08040000u);
        WORD(0x08040000u) = 0x0FFFFF00u; seen[1] = WORD(0x08040000u);
        WORD(0x08040000u) = 0xFFFFFFFFu; seen[2] = WORD(0x08040000u);
        """
    ).run()
    assert [board.seen(index) for index in range(3)] == [0xFF00_F0F0, 0x0F00_F000, 0x0F00_F000]


@pytest.mark.parametrize(
    ("control", "store", "expected"),
    [
        ("X8", "REG8(0x08040001u) = 0x12", 0xFFFF_12FF),
        ("X16", "HALF(0x08040002u) = 0x1234", 0x1234_FFFF),
        ("X32", "WORD(0x08040000u) = 0x12345678", 0x1234_5678),
        (
            "X64",
            '__asm volatile("vmov d0, %1, %1\\n vstr d0, [%0]"'
            ' :: "r"(0x08040000u), "r"(0x12345678u) : "s0", "s1")',
            0x1234_5678,
        ),
    ],
)
def test_bytes_halfwords_words_and_double_words_can_be_programmed(made, control, store, expected):
    board = made(f"unlock(); REG(FLASH_CR) = {control} | PG; {store}; seen[0] = ready();").run()
    assert (board.seen(0), *words(board, SECTOR_5)) == (0, expected)


def test_stores_of_several_words_program_one_after_the_other(made):
    board = made(
        """
        unlock(); cycles_on();
        REG(FLASH_CR) = X32 | PG;
        uint32_t before = REG(DWT_CYCCNT);
        __asm volatile(
            "ldr r0, =0x08040000\\n mov r1, #1\\n mov r2, #2\\n mov r3, #3\\n mov r4, #4\\n"
            "vmov s0, r3\\n"
            "stm r0!, {r1, r2}\\n strd r3, r4, [r0], #8\\n vstr s0, [r0]\\n"
            ::: "r0", "r1", "r2", "r3", "r4", "s0", "memory");
        seen[0] = ready();
        seen[1] = REG(DWT_CYCCNT) - before;
        """
    ).run()
    assert board.seen(0) == 0
    assert words(board, SECTOR_5, 7) == (1, 2, 3, 4, 3, 0xFFFF_FFFF, 0xFFFF_FFFF)
    assert 5 * WORD_CYCLES <= board.seen(1) < 5 * WORD_CYCLES + 40


def test_a_store_in_an_it_block_programs_and_the_rest_of_the_block_runs(made):
    board = made(
        """
        unlock();
        REG(FLASH_CR) = X32 | PG;
        __asm volatile(
            "ldr r0, =0x08040000\\n ldr r1, =0x11223344\\n movs r2, #0\\n cmp r2, #0\\n"
            "ittte eq\\n streq r1, [r0]\\n addeq r2, #1\\n streq r1, [r0, #4]\\n addne r2, #8\\n"
            "ite ne\\n strne r1, [r0, #8]\\n addeq r2, #2\\n"
            "ldr r3, =seen\\n str r2, [r3]\\n" ::: "r0", "r1", "r2", "r3", "cc", "memory");
        """
    ).run()
    assert board.seen(0) == 3
    assert words(board, SECTOR_5, 3) == (0x1122_3344, 0x1122_3344, 0xFFFF_FFFF)
    assert board.board.findings == ()


def test_a_store_after_one_that_faulted_programs_nothing(made):
    board = made(
        """
        unlock();
        REG(FLASH_CR) = X32 | PG;
        __asm volatile("ldr r0, =0x08040000\\n ldr r1, =0x40000400\\n movs r2, #0\\n cmp r2, #0\\n"
                       "ittt eq\\n streq r2, [r1]\\n streq r2, [r0]\\n streq r2, [r0, #4]\\n"
                       ::: "r0", "r1", "r2", "cc", "memory");
        """
    )
    board.board.run(until=lambda: board.board.fault is not None, timeout_seconds=60)
    assert board.board.fault.address == 0x4000_0400
    assert words(board, SECTOR_5, 2) == (0xFFFF_FFFF, 0xFFFF_FFFF)


# --- what is refused


@pytest.mark.parametrize(
    ("store", "flag"),
    [
        ("REG8(0x08040000u) = 0", PGPERR),
        ("HALF(0x08040000u) = 0", PGPERR),
        ("WORD(0x08040001u) = 0", PGAERR),
        ("WORD(0x0804000Eu) = 0", PGAERR),
        ("WORD(0x08040FFEu) = 0", PGAERR),
        ("HALF(0x08040FFFu) = 0", PGAERR | PGPERR),
    ],
)
def test_a_store_of_another_size_or_alignment_sets_its_flag_and_changes_nothing(made, store, flag):
    board = made(
        f"""
        unlock();
        REG(FLASH_CR) = X32 | PG;
        {store};
        seen[0] = ready();
        REG(FLASH_SR) = 0xF3u;
        seen[1] = REG(FLASH_SR);
        REG(FLASH_CR) = X8 | PG;
        REG8(0x08040FFFu) = 0x0F;
        seen[2] = ready();
        """
    ).run()
    assert (board.seen(0), board.seen(1), board.seen(2)) == (flag, 0, 0)
    changed = board.board.read_memory(SECTOR_5, 0x1010)
    assert changed == b"\xff" * 0xFFF + b"\x0f" + b"\xff" * 0x10


def test_an_unaligned_store_beyond_the_end_of_flash_is_a_bus_fault(made):
    board = made("unlock(); REG(FLASH_CR) = X32 | PG; WORD(0x080FFFFEu) = 0;")
    board.board.run(until=lambda: board.board.fault is not None, timeout_seconds=60)
    assert board.board.fault.address == 0x0810_0000


@pytest.mark.parametrize(
    ("prepare", "store", "sentence"),
    [
        ("", "str r1, [r0]", "stores 4 bytes at {}, and nothing changes: CR is locked (ERSERR)."),
        (
            "unlock();",
            "str r1, [r0]",
            "stores 4 bytes at {}, and nothing changes: PG is not set in CR (ERSERR).",
        ),
        (
            "unlock(); REG(FLASH_CR) = X32 | PG | SER;",
            "str r1, [r0]",
            "stores 4 bytes at {}, and nothing changes: SER or MER is set in CR (ERSERR).",
        ),
        (
            "unlock(); REG(FLASH_CR) = X16 | PG;",
            "strb r1, [r0]",
            "stores 1 bytes at {}, and nothing changes: PSIZE in CR is for 2 bytes at a time (PGPERR).",
        ),
        (
            "unlock(); REG(FLASH_CR) = X32 | PG; address += 2;",
            "str r1, [r0]",
            "stores 4 bytes at {}, and nothing changes: it is not aligned (PGAERR).",
        ),
    ],
)
def test_a_refused_store_is_no_fault_but_one_finding_that_names_it(made, prepare, store, sentence):
    board = made(
        f"""
        uint32_t address = 0x08040000u;
        {prepare}
        for (int i = 0; i < 1000; i++) {{
            REG(FLASH_SR) = 0xF3u;
            __asm volatile("mov r0, %0\\n movs r1, #0\\n .global bad\\n bad: {store}\\n"
                           :: "r"(address) : "r0", "r1", "memory");
        }}
        seen[0] = address;
        """
    ).run()
    bad, address = board.board.symbol("bad") & ~1, board.seen(0)
    (finding,) = board.board.findings
    assert (finding.kind, finding.address, finding.program_counter) == (FindingKind.FLASH, address, bad)
    assert finding.sentence == f"The instruction at {bad:#010x} " + sentence.format(
        f"{address:#010x} in flash"
    )
    assert words(board, SECTOR_5, 2) == (0xFFFF_FFFF, 0xFFFF_FFFF)


def test_a_store_to_the_itcm_address_of_flash_is_a_bus_fault_that_says_why(made):
    board = made("unlock(); REG(FLASH_CR) = X32 | PG; WORD(0x00240000u) = 0;")
    board.board.run(until=lambda: board.board.fault is not None, timeout_seconds=60)
    assert str(board.board.fault).endswith(
        "writes 0x00240000 (flash (ITCM bus), 4 bytes), which is read-only: "
        "flash is programmed at 0x08000000 and above."
    )
    assert words(board, SECTOR_5) == (0xFFFF_FFFF,)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("SER | 9u << 3", "there is no sector 9"),
        ("SER | MER", "SER and MER are both set"),
        ("PG", "neither SER nor MER is set"),
    ],
)
def test_an_erase_that_makes_no_sense_is_a_finding_that_names_the_instruction(made, command, why):
    board = made(
        f"""
        unlock();
        __asm volatile("ldr r0, =0x40023C10\\n .global bad\\n bad: str %0, [r0]\\n"
                       :: "r"({command} | STRT) : "r0", "memory");
        seen[0] = ready();
        """
    ).run()
    bad = board.board.symbol("bad") & ~1
    assert board.seen(0) == ERSERR
    assert [(finding.kind, finding.sentence) for finding in board.board.findings] == [
        (
            FindingKind.FLASH,
            f"The instruction at {bad:#010x} sets STRT in FLASH_CR, and nothing is erased: {why} (ERSERR).",
        )
    ]


# --- time

TIMED = """
RAM uint32_t polls(uint32_t address, uint32_t value)
{
    uint32_t count = 0;
    WORD(address) = value;
    do {
        count++;
    } while (REG(FLASH_SR) & BSY);
    return count;
}
"""


@pytest.mark.parametrize(("clock", "cycles"), [("", 256), ("clock_216();", 3456)])
def test_programming_a_word_takes_16_microseconds_and_two_polls(made, clock, cycles):
    board = made(
        f"""
        {clock} unlock(); cycles_on();
        REG(FLASH_CR) = X32 | PG;
        uint32_t before = REG(DWT_CYCCNT);
        seen[0] = polls(0x08040000u, 1);
        seen[1] = REG(DWT_CYCCNT) - before;
        """,
        TIMED,
    ).run()
    assert board.seen(0) == 2
    assert cycles <= board.seen(1) < cycles + 40


def test_parts_of_the_status_register_can_be_read(made):
    board = made(
        """
        unlock();
        REG(FLASH_CR) = X32 | PG;
        HALF(0x08040000u) = 0;
        WORD(0x08040000u) = 0;
        seen[0] = HALF(FLASH_SR + 2);
        seen[1] = REG8(FLASH_SR);
        seen[2] = REG8(FLASH_SR + 2);
        """
    ).run()
    assert (board.seen(0), board.seen(1), board.seen(2)) == (BSY >> 16, PGPERR, 0)


def test_a_store_waits_until_the_one_before_is_programmed(made):
    board = made(
        """
        unlock(); cycles_on();
        REG(FLASH_CR) = X32 | PG;
        seen[0] = three(0x08040000u);
        """,
        """
        RAM uint32_t three(uint32_t address)
        {
            uint32_t before = REG(DWT_CYCCNT);
            WORD(address) = 1; WORD(address + 4) = 2; WORD(address + 8) = 3;
            return REG(DWT_CYCCNT) - before;
        }
        """,
    ).run()
    assert 2 * WORD_CYCLES <= board.seen(0) < 2 * WORD_CYCLES + 20
    assert words(board, SECTOR_5, 3) == (1, 2, 3)


CALLED = """
{ram}__attribute__((noinline)) uint32_t called(uint32_t address)
{{
    uint32_t before = REG(DWT_CYCCNT);
    WORD(address) = 1;
    __asm volatile("b 1f\\n 1:");
    return REG(DWT_CYCCNT) - before;
}}
"""


@pytest.mark.parametrize(("ram", "waits"), [("", True), ("RAM ", False)])
def test_code_in_flash_waits_while_flash_is_busy_and_code_in_ram_does_not(made, ram, waits):
    board = made(
        "unlock(); cycles_on(); REG(FLASH_CR) = X32 | PG; seen[0] = called(0x08040000u);",
        CALLED.format(ram=ram),
    ).run()
    assert (board.seen(0) > WORD_CYCLES) is waits


@pytest.mark.parametrize(("sector", "seconds"), [(1, 0.5), (4, 1), (5, 2)])
def test_erasing_takes_the_time_of_the_sector(made, sector, seconds):
    board = made(
        f"""
        unlock(); cycles_on();
        uint32_t before = REG(DWT_CYCCNT);
        seen[0] = erase({sector});
        seen[1] = REG(DWT_CYCCNT) - before;
        """
    ).run()
    assert board.seen(0) == 0
    assert seconds * 16e6 <= board.seen(1) < seconds * 16e6 + 100


def test_interrupts_from_ram_come_in_time_while_flash_is_erased(made):
    board = made(
        """
        REG(SYST_RVR) = 15999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
        unlock();
        seen[1] = seen[0];
        seen[2] = erase_from_ram();
        seen[1] = seen[0] - seen[1];
        """,
        """
        RAM void systick_handler(void) { seen[0]++; }
        RAM uint32_t erase_from_ram(void) { return erase(5); }
        """,
    ).run()
    assert board.seen(2) == 0
    assert 1999 <= board.seen(1) <= 2001


def test_a_mass_erase_from_ram_leaves_nothing(made):
    board = made(
        "unlock(); everything();",
        """
        RAM void everything(void)
        {
            REG(FLASH_CR) = MER;
            REG(FLASH_CR) |= STRT;
            seen[0] = ready();
            seen[63] = 1;
            for (;;) {
            }
        }
        """,
    ).run()
    assert board.seen(0) == 0
    assert board.board.read_memory(0x0800_0000, 1 << 20) == b"\xff" * (1 << 20)


# --- interrupts

VECTORS = """
static uint32_t table[128] __attribute__((aligned(512)));
static void flash_handler(void)
{
    seen[0]++;
    seen[1] = REG(FLASH_SR);
    REG(FLASH_SR) = 0xF3u;
}
static void listen(void)
{
    for (uint32_t i = 0; i < 114; i++) table[i] = WORD(0x08000000u + 4 * i);
    table[16 + 4] = (uint32_t)flash_handler;
    REG(SCB_VTOR) = (uint32_t)table;
    REG(NVIC_ISER) = 1u << 4;
    unlock();
}
"""


def test_the_end_of_programming_interrupts_with_eopie(made):
    board = made(
        """
        listen();
        REG(FLASH_CR) = X32 | PG | EOPIE;
        for (uint32_t i = 0; i < 3; i++) {
            WORD(0x08040000u + 4 * i) = i;
            while (seen[0] == i) {
            }
        }
        """,
        VECTORS,
    ).run()
    assert (board.seen(0), board.seen(1)) == (3, EOP)
    assert words(board, SECTOR_5, 3) == (0, 1, 2)


def test_the_end_of_erasing_interrupts_with_eopie(made):
    board = made(
        """
        listen();
        __asm volatile("cpsid i");
        REG(FLASH_CR) = SER | 5u << 3 | EOPIE;
        REG(FLASH_CR) |= STRT;
        __asm volatile("wfi\\n cpsie i");
        while (!seen[0]) {
        }
        """,
        VECTORS,
    ).run()
    assert (board.seen(0), board.seen(1)) == (1, EOP)
    assert board.board.cycles > 2 * 16e6


def test_an_error_interrupts_with_errie(made):
    board = made(
        """
        listen();
        REG(FLASH_CR) = X32 | PG | ERRIE;
        HALF(0x08040000u) = 0;
        while (!seen[0]) {
        }
        """,
        VECTORS,
    ).run()
    assert (board.seen(0), board.seen(1)) == (1, PGPERR | OPERR)


# --- code that changes

REPLACED = """
typedef uint32_t (*function)(void);
static __attribute__((noinline)) uint32_t timed(uint32_t index)
{
    uint32_t before = REG(DWT_CYCCNT);
    seen[index] = ((function)(0x08008000u | 1))();
    return REG(DWT_CYCCNT) - before;
}
"""
ONE, TWO = 0x4770_2001, 0x4770_2002  # movs r0, #n; bx lr
TWO_AND_A_NOP = (0xBF00_2002, 0x4770_4770)


def test_code_that_was_erased_and_programmed_anew_runs_and_is_counted_as_it_stands(made):
    board = made(
        f"""
        unlock(); cycles_on();
        program(0x08008000u, {ONE}u);
        seen[1] = timed(0);
        seen[1] = timed(0);
        erase(1);
        program(0x08008000u, {TWO_AND_A_NOP[0]}u);
        program(0x08008004u, {TWO_AND_A_NOP[1]}u);
        seen[3] = timed(2);
        """,
        REPLACED,
    ).run()
    assert (board.seen(0), board.seen(2)) == (1, 2)
    assert board.seen(3) == board.seen(1) + 1


def test_code_that_was_programmed_over_without_erasing_runs_as_it_stands(made):
    board = made(
        f"""
        unlock();
        program(0x08008000u, {ONE | 2}u);
        timed(0);
        program(0x08008000u, {TWO}u);
        timed(2);
        """,
        REPLACED,
    ).run()
    assert (board.seen(0), board.seen(2)) == (3, 2)


def test_firmware_that_erases_itself_runs_what_is_left(made):
    board = made("unlock(); REG(FLASH_CR) = SER; REG(FLASH_CR) |= STRT; ready();")
    board.board.run(until=lambda: not board.board.running, timeout_seconds=60)
    assert not board.board.running
    assert "Lockup" in str(board.board.fault)


# --- faults on purpose, and reset


def test_a_firmware_sees_the_faults_of_the_flash(made):
    source = """
        unlock();
        seen[0] = REG(FLASH_CR);
        seen[1] = erase(5);
        seen[2] = program(0x08040000u, 0);
        seen[3] = WORD(0x08040000u);
        """
    for faults, expected in [
        (FlashFaults(), (0, 0, 0, 0)),
        (FlashFaults(refuse_unlock=True), (1 << 31, 0, ERSERR, 0xFFFF_FFFF)),
        (FlashFaults(fail_erase=True), (0, OPERR, OPERR, 0)),
        (FlashFaults(fail_program=True), (0, 0, WRPERR, 0xFFFF_FFFF)),
        (FlashFaults(flip=SECTOR_5 + 2), (0, 0, 0, 0x0001_0000)),
    ]:
        board = made(source)
        board.board.system.flash.set_faults(faults)
        board.run()
        assert tuple(board.seen(index) for index in range(4)) == expected, faults


def test_flash_that_stays_busy_lets_a_counted_wait_end(made):
    board = made(
        """
        unlock();
        REG(FLASH_CR) = X32 | PG;
        seen[1] = wait_in_vain(0x08040000u);
        """,
        """
        RAM uint32_t wait_in_vain(uint32_t address)
        {
            uint32_t polls = 0;
            WORD(address) = 1;
            while (REG(FLASH_SR) & BSY && ++polls < 250000u) {
            }
            return polls;
        }
        """,
    )
    board.board.system.flash.set_faults(FlashFaults(stay_busy=True))
    assert board.run().seen(1) == 250_000


def test_flash_that_stays_busy_lets_the_time_of_a_timeout_pass(made):
    board = made(
        """
        REG(SYST_RVR) = 15999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
        unlock();
        seen[1] = wait_in_vain(0x08040000u);
        """,
        """
        RAM void systick_handler(void) { seen[0]++; }
        RAM uint32_t wait_in_vain(uint32_t address)
        {
            REG(FLASH_CR) = X32 | PG;
            WORD(address) = 1;
            uint32_t began = seen[0];
            while (REG(FLASH_SR) & BSY) {
                if (seen[0] - began > 1000u) return 1;
            }
            return 0;
        }
        """,
    )
    board.board.system.flash.set_faults(FlashFaults(stay_busy=True))
    assert board.run().seen(1) == 1


def test_a_system_reset_locks_flash_and_keeps_what_was_programmed(made):
    board = made(
        """
        if (!(REG(RCC_CSR) & 1u << 28)) {
            unlock();
            REG(FLASH_CR) = X32 | PG;
            WORD(0x08040002u) = 0;
            WORD(0x08040000u) = 0x600Du;
            REG(SCB_AIRCR) = 0x05FA0004u;
            for (;;) {
            }
        }
        seen[0] = REG(FLASH_CR);
        seen[1] = REG(FLASH_SR);
        seen[2] = WORD(0x08040000u);
        """
    ).run()
    assert (board.seen(0), board.seen(1), board.seen(2)) == (1 << 31, 0, 0x600D)


# --- a debugger beside it


def test_what_a_debugger_programs_over_code_that_has_run_is_run_as_it_stands(made):
    board = made(
        f"""
        unlock();
        program(0x08008000u, {ONE | 2}u);
        timed(0);
        seen[10] = 1;
        while (seen[10]) {{
        }}
        timed(2);
        """,
        REPLACED,
    )
    board.board.run(until=lambda: board.seen(10) == 1, timeout_seconds=60)
    controller = board.board.system.flash
    controller.write_register(flash.CR, 2 << 8 | 1)
    controller.program(SECTOR_1, struct.pack("<I", TWO), 4)
    assert controller.read_register(flash.SR) == BSY
    assert controller.read_register(flash.SR) == 0
    board.board.core.memory.load(board.board.symbol("seen") + 40, bytes(4))
    board.run()
    assert (board.seen(0), board.seen(2)) == (3, 2)


def test_a_debugger_that_steps_over_a_wait_for_flash_comes_to_its_end(made):
    board = made(
        "unlock(); wait();",
        """
        RAM void wait(void)
        {
            seen[0] = 1;
            while (!seen[1]) {
            }
            seen[2] = ready();
        }
        """,
    )
    board.board.run(until=lambda: board.seen(0) == 1, timeout_seconds=60)
    core, before = board.board.core, board.board.cycles
    board.board.system.flash.write_register(flash.CR, 2 | 5 << 3 | 1 << 16)
    core.memory.load(board.board.symbol("seen") + 4, b"\x01")
    for _ in range(100):
        core.step()
    assert board.seen(63) == 1
    assert 2 * 16e6 <= board.board.cycles - before <= 2 * 16e6 + 100
