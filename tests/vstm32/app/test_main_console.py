"""`python -m vstm32 --serial-console`, as a person and as a pipe see it; traces and profiles."""

import os
import re
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

from support.speedscope import require_speedscope
from vstm32.app.starting import read_ready

COMMAND = [sys.executable, "-m", "vstm32"]
ECHOING = """
__attribute__((noinline)) void answer(const char *text) { put_text(text); __asm volatile(""); }
int main(void) {
    clock_216(); serial_on(938); put_text("ready\\n");
    for (;;) {
        int byte = get();
        if (byte == 'f') { put_text("?"); REG(0x40000400u) = 1; }
        if (byte == '\\n' || byte == '\\r') answer("!\\n"); else put((char)byte);
    }
}
void hard_fault_handler(void) { put_text("fault\\n"); stay(); }
"""
ECHOING = "void stay(void);\n" + ECHOING


def run(*arguments, stdin="", cwd=None):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )


class Session:
    """The program on a pseudo terminal."""

    def __init__(self, *arguments):
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)], stdin=self.slave, stdout=self.slave, stderr=self.slave
        )

    def shows(self, text, seconds=60):
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.master], [], [], 0.05)[0]:
                self.seen += os.read(self.master, 4096)

    def type(self, data):
        os.write(self.master, data)

    def ends(self):
        code = self.process.wait(60)
        assert termios.tcgetattr(self.slave) == self.before
        return code


@pytest.fixture
def session():
    made = []

    def start(*arguments):
        made.append(Session(*arguments))
        return made[-1]

    yield start
    for each in made:
        each.process.kill()
        each.process.wait()
        os.close(each.master)
        os.close(each.slave)


@pytest.fixture
def echoing(compile_firmware):
    return compile_firmware(ECHOING)


def test_a_person_types_and_the_firmware_answers(session, echoing):
    terminal = session(echoing, "--serial-console")
    terminal.shows(b"ready\r\n")
    assert (
        b"USART6 at 115200 baud is this terminal. Ctrl-] ends, Ctrl-T Ctrl-H shows more keys."
        in terminal.seen
    )
    assert not termios.tcgetattr(terminal.slave)[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
    terminal.type(b"hello\r")
    terminal.shows(b"ready\r\nhello!\r\n")
    terminal.type(b"\x03")
    terminal.shows(b"\x03")
    terminal.type(b"\x14\x12")
    terminal.shows(b"\r\nReset.\r\nready\r\n")
    terminal.type(b"\x1d")
    assert terminal.ends() == 0


def test_a_finding_does_not_break_the_line_of_the_firmware(session, echoing):
    terminal = session(echoing, "--serial-console")
    terminal.shows(b"ready\r\n")
    terminal.type(b"abcf")
    terminal.shows(b"fault\r\n")
    said = terminal.seen.decode()
    assert re.search(r"abc\?\r\n[^\r]* writes 0x40000400 [^?]*\r\nfault\r\n", said), said
    terminal.type(b"\x1d")
    assert terminal.ends() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_terminal_is_restored_on_a_signal(session, echoing, number):
    terminal = session(echoing, "--serial-console")
    terminal.shows(b"ready\r\n")
    terminal.process.send_signal(number)
    assert terminal.ends() == 0


def test_the_terminal_is_restored_when_something_breaks(session, echoing):
    terminal = session(echoing, "--serial-console", "--trace=/dev/full")
    terminal.shows(b"/dev/full cannot be written: No space left on device.\r\n")
    assert terminal.ends() == 1


def test_the_control_port_ends_a_console_too(session, echoing):
    from vstm32.app.control import ask

    terminal = session(echoing, "--serial-console")
    terminal.shows(b"ready\r\n")
    port = re.search(rb"Control port: (\S+)", terminal.seen)[1].decode()
    assert ask(port, "status")["serial_port"] == ""
    ask(port, "end")
    assert terminal.ends() == 0


def test_the_firmware_in_a_pipe(echoing):
    done = run(echoing, "--serial-console", stdin="one\ntwo\n")
    assert (done.stdout, done.stderr, done.returncode) == ("ready\none!\ntwo!\n", "", 0)


def test_findings_in_a_pipe_are_on_stderr_only(echoing):
    done = run(echoing, "--serial-console", stdin="abcf")
    assert done.stdout == "ready\nabc?fault\n"
    assert "writes 0x40000400 (TIM3, 4 bytes), which is not modelled by the virtual board." in done.stderr


def test_a_long_computation_is_waited_for(compile_firmware):
    """About three seconds of work, with a silence of a tenth of a second."""
    elf = compile_firmware(
        "int main(void) { clock_216(); serial_on(938); (void)get(); for (uint32_t i = 0; i < 100000000u; i++)"
        ' __asm volatile(""); put_text("done\\n"); for (;;) (void)get(); }'
    )
    done = run(elf, "--serial-console", "--silence", "0.1", stdin="x")
    assert (done.stdout, done.returncode) == ("done\n", 0)


def test_a_firmware_that_sleeps_without_listening_is_done(compile_firmware):
    elf = compile_firmware('int main(void) { clock_216(); serial_on(938); put_text("hi\\n"); return 0; }')
    done = run(elf, "--serial-console")
    assert (done.stdout, done.returncode) == ("hi\n", 0)


def test_a_lockup_in_a_pipe_is_a_failure(compile_firmware):
    elf = compile_firmware(
        "void hard_fault_handler(void) { REG(0x40000400u) = 1; }"
        "int main(void) { REG(0x40000400u) = 1; return 0; }"
    )
    done = run(elf, "--serial-console", stdin="never read")
    assert "Lockup at " in done.stderr
    assert done.returncode == 1


QUIET_END = 'int main(void) {{ clock_216(); serial_on(938); put_text("bye\\n"); {end} }}'


@pytest.mark.parametrize(
    "end",
    [
        "for (;;) { }",
        '__asm volatile("1: nop\\n b 1b"); return 0;',
        '__asm volatile("1: b.w 1b"); return 0;',
        # With a tick that is masked.
        'REG(SYST_RVR) = 99999; REG(SYST_CSR) = 7; __asm volatile("cpsid i"); for (;;) { }',
    ],
)
def test_a_firmware_that_has_said_its_last_word_ends_the_console(compile_firmware, end):
    done = run(compile_firmware(QUIET_END.format(end=end)), "--serial-console", stdin="never read\n")
    assert (done.stdout, done.stderr, done.returncode) == ("bye\n", "", 0)


def test_a_loop_that_an_interrupt_can_end_is_no_last_word(compile_firmware):
    elf = compile_firmware(
        "static volatile int ticks;"
        'void systick_handler(void) { if (++ticks == 300) put_text("late\\n"); }'
        "int main(void) { clock_216(); serial_on(938); REG(SYST_RVR) = 2159999; REG(SYST_CVR) = 0;"
        ' REG(SYST_CSR) = 7; while (ticks < 300) { } __asm volatile("cpsid i"); for (;;) { } }'
    )
    done = run(elf, "--serial-console", "--silence", "0")
    assert (done.stdout, done.returncode) == ("late\n", 0)


def test_a_poll_of_txe_that_never_comes_is_no_waiting_and_a_failure(compile_firmware):
    elf = compile_firmware(
        'int main(void) { clock_216(); serial_on(938); put_text("one\\n");'
        " while (!(REG(USART6_ISR) & 0x40u)) { }"
        " REG(USART6_CR1) = 0x5u;"
        " for (;;) { while (!(REG(USART6_ISR) & 0x80u)) { } REG(USART6_TDR) = 'a'; } }"
    )
    done = run(elf, "--serial-console")
    assert (done.stdout, done.returncode) == ("one\n", 1)
    assert (
        "USART6_ISR is polled, and no bit of it will change by itself: TXE is 0, and TE in CR1 is not set."
        in done.stderr
    )


FAULTS = """
__attribute__((noinline)) void divide(int by) {{ seen[1] = (uint32_t)(100 / by); __asm volatile(""); }}
__attribute__((noinline)) void work(void) {{ divide((int)seen[2]); __asm volatile(""); }}
void hard_fault_handler(void) {{ {handler} }}
int main(void)
{{ clock_216(); serial_on(938); put_text("on\\n"); REG(SCB_CCR) |= 1u << 4; work(); return 0; }}
"""


@pytest.mark.parametrize(("handler", "does"), [("for (;;) { }", "loops"), ("stay();", "sleeps")])
def test_a_fault_says_status_function_and_stack_and_its_handler_ends_the_run(compile_firmware, handler, does):
    elf = compile_firmware("void stay(void);" + FAULTS.format(handler=handler), "-fno-optimize-sibling-calls")
    done = run(elf, "--serial-console")
    assert (done.stdout, done.returncode) == ("on\n", 1)
    fault, status, stack, loop = done.stderr.splitlines()
    assert re.fullmatch(
        r"UsageFault at 0x0800\w{4} \(divide\+0x\w+\): a division by zero while CCR.DIV_0_TRP is set\.", fault
    )
    assert status == (
        "  UsageFault, taken as a HardFault: CFSR 0x02000000 DIVBYZERO, HFSR 0x40000000 FORCED."
    )
    assert re.match(r"  Called from 0x0800\w{4} work\+0x\w+, 0x0800\w{4} main\+0x\w+, ", stack)
    assert re.fullmatch(
        rf"The HardFault handler {does} at 0x0800\w{{4}} \(\w+\+0x\w+\) for ever, "
        r"and nothing can interrupt it\.",
        loop,
    )


def test_a_handler_that_returns_to_its_fault_is_said_once_and_ends_the_run(compile_firmware):
    elf = compile_firmware(
        "void hard_fault_handler(void) { }"
        'int main(void) { clock_216(); serial_on(938); put_text("on\\n"); (void)REG(0x40000400u); return 0; }'
    )
    done = run(elf, "--serial-console")
    assert (done.stdout, done.returncode) == ("on\n", 1)
    assert done.stderr.count("TIM3") == 1
    assert "The same fault has come 10000 times at 0x0800" in done.stderr


def test_a_reset_loop_is_a_finding_and_ends_the_run(compile_firmware):
    elf = compile_firmware(
        'int main(void) { clock_216(); serial_on(938); put_text("boot\\n");'
        " REG(SCB_AIRCR) = 0x05FA0004u; for (;;) { } }"
    )
    done = run(elf, "--serial-console")
    assert done.stdout.startswith("boot\n" * 10)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert said.startswith(
        "A reset loop: the board was reset 20 times by AIRCR.SYSRESETREQ, and the host has sent nothing "
        "meanwhile. The core was at 0x0800"
    )


def test_a_reader_that_stops_reading_ends_it(echoing):
    with subprocess.Popen(
        [*COMMAND, str(echoing), "--serial-console"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        process.stdout.close()
        process.stdin.write(b"one\n")
        process.stdin.flush()
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--serial-console", "--json"],
            "--json does not go with --serial-console, which has the serial port for ",
        ),
        (["--echo"], "--echo and --silence are for --serial-console"),
        (["--serial-console", "--silence", "-1"], "--silence is a number of seconds, 0 or more"),
        (["--trace-only", "RCC"], "--trace-only chooses from what --trace writes; give that too"),
        (["--profile"], "--profile needs the firmware's ELF file, for the names of its functions"),
        (["--trace="], "--trace= needs the name of a file; --trace alone writes to stderr"),
    ],
)
def test_options_that_do_not_go_together_are_said_to(options, sentence):
    done = run(*options)
    assert done.returncode == 2
    assert sentence in done.stderr


# --- traces


def test_a_trace_goes_to_stderr_and_the_serial_port_to_stdout(echoing):
    done = run(echoing, "--trace", "--serial-console", "--trace-only", "USART6", stdin="x")
    assert done.stdout == "ready\nx"
    assert re.search(
        r"^ +\d+  0x080\w+ put\w*\+0x\w+ +USART6\.TDR <- 0x00000072 'r'$", done.stderr, re.MULTILINE
    )
    assert "RCC." not in done.stderr


def test_a_trace_in_a_file(echoing, tmp_path):
    log = tmp_path / "access.log"
    done = run(f"--trace={log}", echoing, "--serial-console", stdin="x")
    assert done.stderr == ""
    assert " RCC.CFGR <- " in log.read_text()


def test_a_trace_of_a_stripped_file_has_addresses(echoing, tmp_path):
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["arm-none-eabi-strip", str(echoing), "-o", str(stripped)], check=True)
    done = run(stripped, "--trace", "--serial-console", stdin="x")
    assert re.search(r"^ +\d+  0x080\w+ \? +USART6\.CR1 <- ", done.stderr, re.MULTILINE)


def test_a_block_that_is_not_there_is_an_error(echoing):
    done = run(echoing, "--trace", "--trace-only", "UART6")
    assert done.returncode == 1
    assert "Did you mean USART6?" in done.stderr


# --- profiles


def test_a_profile_is_a_table_and_a_file(echoing, tmp_path):
    done = run("--profile", echoing, "--serial-console", stdin="one\ntwo\n", cwd=tmp_path)
    assert done.stdout == "ready\none!\ntwo!\n"
    path = tmp_path / f"{echoing.stem}.speedscope.json"
    file = require_speedscope(path.read_text())
    (profile,) = file["profiles"]
    names = [frame["name"] for frame in file["shared"]["frames"]]
    stacks = {tuple(names[index] for index in sample) for sample in profile["samples"]}
    assert ("reset_handler", "start_up", "main", "answer", "put_text") in stacks
    rows = {
        line.rstrip().split("  ")[-1].strip(): line.split()[0]
        for line in done.stderr.splitlines()
        if line.strip()
    }
    total = int(rows["(all cycles of the board)"].replace(",", ""))
    assert total == profile["endValue"]
    own = [
        int(line.split()[0].replace(",", ""))
        for line in done.stderr.splitlines()
        if re.match(r" *[\d,]+ +[\d.]+ %", line) and "(all functions)" not in line
    ]
    assert sum(own) == int(rows["(all functions)"].replace(",", ""))
    assert sum(own) + int(rows["(waiting): asleep, or polling a register"].replace(",", "")) == total
    assert done.stderr.endswith(
        f"\nCall paths: {echoing.stem}.speedscope.json, to be opened at https://www.speedscope.app\n"
    )


def test_a_profile_without_a_console_ends_with_the_board(echoing, tmp_path):
    path = tmp_path / "named.json"
    with subprocess.Popen(
        [*COMMAND, str(echoing), f"--profile={path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline().startswith("Serial port: /dev/")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "(all cycles of the board)" in errors
    require_speedscope(path.read_text())


def test_a_profile_of_a_stripped_file_is_an_error(echoing, tmp_path):
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["arm-none-eabi-strip", str(echoing), "-o", str(stripped)], check=True)
    done = run(stripped, "--profile", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        f"{stripped} has no symbols, so no profile can name its functions.\n"
        "  Give the ELF file as the linker wrote it, before strip; --trace works without symbols.\n",
    )
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("option", ["--profile", "--trace"])
def test_a_file_that_cannot_be_written_is_said_before_the_board_runs(echoing, tmp_path, option):
    done = run(echoing, f"{option}={tmp_path}/missing/file")
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        f"{tmp_path}/missing/file cannot be written: No such file or directory.\n"
        "  Name a file in a folder that is there, that you may write to, and that has room.\n",
    )


def test_a_disk_that_is_full_at_the_end_is_said_after_the_table(echoing):
    done = run(echoing, "--serial-console", "--profile=/dev/full")
    assert done.returncode == 1
    assert "(all cycles of the board)" in done.stderr
    assert "/dev/full cannot be written: No space left on device.\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_the_ports_are_stays_one_line_of_json(echoing, tmp_path):
    with subprocess.Popen(
        [*COMMAND, str(echoing), "--json", "--end-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert read_ready(process.stdout)["serial_port"].startswith("/dev/")
        process.stdin.close()
        assert process.wait(60) == 0


TIMEOUTS = """
static volatile uint32_t ticks;
void systick_handler(void) { ticks++; }
static void number(uint32_t value) { if (value > 9) number(value / 10); put((char)('0' + value % 10)); }
int main(void)
{
    clock_216(); serial_on(938); put_text("on\\n");
    REG(SYST_RVR) = 215999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
    for (uint32_t missed = 0; ;) {
        uint32_t began = ticks; int byte = -1;
        while (ticks - began < 50 && byte < 0)
            if (REG(USART6_ISR) & 0x20u) byte = (int)REG(USART6_RDR);
        if (byte < 0) missed++;
        if (byte == '\\n') { number(missed); put(' '); number(ticks); put_text("\\n"); }
    }
}
"""
LISTENS_ASLEEP = """
static volatile uint32_t ticks, lines;
void systick_handler(void) { ticks++; }
void usart6_handler(void) { if (REG(USART6_RDR) == '\\n') lines++; }
static void number(uint32_t value) { if (value > 9) number(value / 10); put((char)('0' + value % 10)); }
int main(void)
{
    clock_216(); serial_on(938); put_text("on\\n");
    REG(USART6_CR1) |= 1u << 5; REG(NVIC_ISER + 8) = 1u << 7;
    REG(SYST_RVR) = 215999; REG(SYST_CVR) = 0; REG(SYST_CSR) = 7;
    for (uint32_t seen_lines = 0; ;) {
        __asm volatile("wfi");
        if (lines != seen_lines) { seen_lines = lines; number(ticks); put_text("\\n"); }
    }
}
"""


@pytest.mark.parametrize("source", [TIMEOUTS, LISTENS_ASLEEP], ids=["polls", "sleeps"])
def test_when_input_comes_makes_no_difference_to_a_firmware_that_counts_time(compile_firmware, source):
    elf = compile_firmware(source)

    def answers(pause):
        command = [*COMMAND, str(elf), "--serial-console", "--silence", "0"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            for line in (b"one\n", b"two\n"):
                time.sleep(pause)
                process.stdin.write(line)
                process.stdin.flush()
            said, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, b"")
        return said

    at_once = answers(0)
    assert at_once.startswith(b"on\n")
    assert at_once.count(b"\n") == 3
    assert answers(0.7) == at_once


def test_a_survey_lists_what_is_missing_at_the_end_and_says_what_it_is(compile_firmware):
    elf = compile_firmware(
        "__attribute__((noinline)) void sound(void) { REG(0x40003800u) = 4; REG(0x40003800u) |= 64; }"
        'int main(void) { clock_216(); serial_on(938); sound(); put_text("on\\n"); return 0; }'
    )
    done = run(elf, "--serial-console", "--survey")
    assert (done.stdout, done.returncode) == ("on\n", 0)
    title, note, heading, row = [" ".join(line.split()) for line in done.stderr.splitlines()]
    assert title == "A survey, and no measurement: 1 register of 1 block that this board does not model."
    assert note.startswith("They read as after reset, and writes did nothing:")
    assert heading == "block register reads writes from"
    assert re.fullmatch(r"SPI2 CR1 1 2 sound\+0x\w+, sound\+0x\w+, sound\+0x\w+", row)


def test_a_survey_of_what_is_all_there_says_so(echoing):
    done = run(echoing, "--serial-console", "--survey", stdin="a\n")
    assert done.stderr == (
        "A survey, and no measurement: the firmware has used no register that this board does not model.\n"
    )
