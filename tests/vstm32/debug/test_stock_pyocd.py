"""Stock pyocd commands and gdb at a virtual board that runs as a program of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.ports import free_port
from vstm32.app.control import ask
from vstm32.app.starting import read_ready

TOOLS = Path(sys.executable).parent
PATIENCE_S = 60.0
SOURCE = """
volatile uint32_t counter;
__attribute__((noinline)) void tick(uint32_t by) { counter += by; seen[0] = counter; }
int main(void) { for (;;) { tick(3); } }
"""


@dataclass(frozen=True)
class Machine:
    """A running board, and words for pyocd at it."""

    folder: Path
    uid: str
    debug_port: int
    control_port: str

    def pyocd(self, command: str, *arguments: str, probe: str = "") -> str:
        """Runs a pyocd command at the board; returns what it printed."""
        done = subprocess.run(
            [TOOLS / "pyocd", command, "-u", probe or self.uid, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def flash(self) -> bytes:
        return (self.folder / "flash.bin").read_bytes()

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        return ask(self.control_port, do, **arguments)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("board")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSTM32_BOARDS", str(tmp_path_factory.mktemp("running")))
        process = subprocess.Popen(
            [sys.executable, "-m", "vstm32", "--folder", str(folder), "--json", "--end-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin
        assert process.stdout
        found = read_ready(process.stdout)
        yield Machine(folder, found["uid"], found["debug_port"], found["control_port"])
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def firmware(compile_firmware: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of firmware.elf, .bin and .hex."""
    folder = tmp_path_factory.mktemp("stock")
    elf = compile_firmware(SOURCE, "-g")
    (folder / "firmware.elf").write_bytes(elf.read_bytes())
    for kind, ending in (("binary", "bin"), ("ihex", "hex")):
        objcopy = ["arm-none-eabi-objcopy", "-O", kind, "firmware.elf", f"firmware.{ending}"]
        subprocess.run(objcopy, cwd=folder, check=True)
    return folder


def test_the_board_is_listed_with_its_target(machine: Machine) -> None:
    done = subprocess.run([TOOLS / "pyocd", "list"], capture_output=True, text=True, check=True, timeout=60)
    assert machine.uid in done.stdout
    assert "mcumatrix Virtual STM32F746NG" in done.stdout
    assert "stm32f746xg" in done.stdout


@pytest.mark.parametrize("ending", ["elf", "bin", "hex"])
def test_flash_takes_every_kind_of_file(machine: Machine, firmware: Path, ending: str) -> None:
    machine.pyocd("erase", "--chip")
    assert machine.flash == b"\xff" * (1 << 20)
    machine.pyocd("flash", str(firmware / f"firmware.{ending}"))
    wanted = (firmware / "firmware.bin").read_bytes()
    assert machine.flash[: len(wanted)] == wanted


def test_flash_works_with_pyocds_own_remote_probe(machine: Machine, firmware: Path) -> None:
    machine.pyocd("erase", "--chip")
    machine.pyocd(
        "flash",
        *("-t", "stm32f746xg", str(firmware / "firmware.bin")),
        probe=f"remote:localhost:{machine.debug_port}",
    )
    wanted = (firmware / "firmware.bin").read_bytes()
    assert machine.flash[: len(wanted)] == wanted


def test_erase_takes_single_sectors(machine: Machine, firmware: Path) -> None:
    machine.pyocd("flash", "-a", "0x08008000", str(firmware / "firmware.bin"))
    machine.pyocd("flash", "-a", "0x08000000", str(firmware / "firmware.bin"))
    machine.pyocd("erase", "--sector", "0x08008000")
    assert machine.flash[0x8000:0x10000] == b"\xff" * 0x8000
    assert machine.flash[:4] != b"\xff" * 4


def test_reset_starts_the_firmware_from_its_beginning(machine: Machine, firmware: Path) -> None:
    machine.pyocd("flash", str(firmware / "firmware.bin"))
    machine.pyocd("reset")
    status = machine.ask("status")
    assert (status["halted"], status["locked_up"], status["fault"]) == (False, False, "")
    assert machine.ask("status")["cycles"] > status["cycles"]


def test_commander_halts_steps_and_reads(machine: Machine, firmware: Path) -> None:
    machine.pyocd("flash", str(firmware / "firmware.bin"))
    commands = ("reset halt", "reg pc", "step", "reg pc", "read32 0xE0042000 4", "status", "go")
    said = machine.pyocd("commander", *(word for command in commands for word in ("-c", command)))
    counters = [int(value, 16) for value in re.findall(r"pc = (0x[0-9a-f]+)", said)]
    assert len(counters) == 2, said
    assert counters[0] != counters[1]
    assert "1001f449" in said
    assert "Halted" in said


@pytest.fixture
def gdb(machine: Machine, firmware: Path) -> Iterator[Callable[..., str]]:
    """gdb(command, ...) runs gdb with a gdbserver of pyocd at the board, and returns what gdb printed."""
    machine.pyocd("flash", str(firmware / "firmware.bin"))
    port = free_port()
    log = machine.folder / "gdbserver.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [
                *(TOOLS / "pyocd", "gdbserver", "-u", machine.uid, "--persist"),
                *("-p", str(port), "-T", str(free_port())),
            ],
            cwd=machine.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    give_up_at = time.monotonic() + PATIENCE_S
    while b"GDB server listening" not in log.read_bytes():
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < give_up_at, log.read_text()
        time.sleep(0.05)

    def run(*commands: str) -> str:
        everything = ("set confirm off", "set pagination off", f"target remote localhost:{port}", *commands)
        done = subprocess.run(
            [
                *("gdb-multiarch", "-nx", "-batch", str(firmware / "firmware.elf")),
                *(word for command in everything for word in ("-ex", command)),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=os.environ | {"HOME": str(machine.folder)},
        )
        return done.stdout + done.stderr

    yield run
    server.terminate()
    server.wait(PATIENCE_S)


def test_gdb_breaks_steps_and_reads_variables(gdb: Callable[..., str]) -> None:
    said = gdb(
        *("monitor reset halt", "hbreak tick", "continue", "print by", "print counter"),
        *("continue", "print counter", "finish", "print counter", "stepi", "info registers pc"),
    )
    assert re.findall(r"\$\d+ = (\d+)", said) == ["3", "0", "3", "6"]
    assert re.search(r"Breakpoint 1, tick \(by=", said), said
    assert re.search(r"pc +0x80", said)


def test_gdb_watches_a_variable(gdb: Callable[..., str]) -> None:
    said = gdb("monitor reset halt", "watch counter", "continue", "continue", "print counter > 0")
    assert "Hardware watchpoint 1: counter" in said
    # The gdbserver of pyOCD does not say that it was a watchpoint, so that gdb calls it a trap.
    assert said.count("Program received signal SIGTRAP") == 2, said
    assert "$1 = 1" in said


def test_gdb_flashes_with_load(machine: Machine, firmware: Path, gdb: Callable[..., str]) -> None:
    machine_before = machine.flash
    said = gdb("monitor reset halt", "load", "compare-sections", "monitor reset")
    assert "Transfer rate" in said
    assert "MIS-MATCHED" not in said
    assert machine.flash == machine_before


def test_commander_loads_a_file_into_ram(machine: Machine, firmware: Path) -> None:
    data = (firmware / "firmware.bin").read_bytes()[:64]
    (machine.folder / "some.bin").write_bytes(data)
    machine.pyocd(
        "commander", "-c", "halt", "-c", "loadmem 0x20010000 some.bin", "-c", "savemem 0x20010000 64 out.bin"
    )
    assert (machine.folder / "out.bin").read_bytes() == data
