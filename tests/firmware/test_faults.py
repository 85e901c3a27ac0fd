"""A fault is one line that says what faulted and where; then the board stands still."""

import re

import pytest

from mcumatrix import wire
from support.compiling import run
from support.firmware_images import DIGIT, Terminal, symbol_address
from vstm32.base.findings import Direction, FindingKind

HALTED = "; the firmware has halted, reset the board\r\n"


@pytest.fixture
def fault(power_on, image):
    """What is printed when the fake runtime does a deed, and the address of a symbol of that image."""

    def provoke(deed, symbol="main"):
        digit = bytes([deed]) + DIGIT[1:]
        terminal = power_on(digit=digit)
        printed = terminal.ask("CMD=2")
        assert terminal.ask("CMD=1") == "", "the board goes on after a fault"
        return printed, symbol_address(image(digit=digit), symbol)

    return provoke


def test_a_read_from_nowhere_names_instruction_and_address(fault):
    printed, address = fault(2, "fake_read_nowhere")
    assert re.fullmatch(
        rf"\r\nERROR: BusFault at {address:#010x} address 0x30000004 "
        rf"\(CFSR 0x00008200 HFSR 0x00000000 LR 0x08[0-9a-f]{{6}}\): precise data bus error{HALTED}",
        printed,
    )


def test_a_write_to_nowhere_is_a_bus_error(fault):
    printed, _ = fault(3)
    assert printed.startswith("\r\nERROR: BusFault at 0x08")
    assert "data bus error" in printed
    assert printed.endswith(HALTED)


def test_an_undefined_instruction_is_named(fault):
    printed, address = fault(4, "fake_undefined_instruction")
    assert printed.startswith(f"\r\nERROR: UsageFault at {address:#010x} (CFSR 0x00010000 ")
    assert printed.endswith(f"): undefined instruction{HALTED}")


def test_a_jump_to_nowhere_is_an_instruction_bus_error(fault):
    printed, _ = fault(5)
    assert printed.startswith("\r\nERROR: BusFault at 0x30000000 (CFSR 0x00000100 ")
    assert printed.endswith(f"): instruction bus error{HALTED}")


def test_a_stack_overflow_runs_into_nothing_instead_of_other_data(power_on, image):
    digit = bytes([6]) + DIGIT[1:]
    terminal = power_on(digit=digit)
    terminal.ask("CMD=2")
    first = terminal.board.findings[0]
    stack_bottom = symbol_address(image(digit=digit), "stack_bottom")
    assert (first.kind, first.direction) == (FindingKind.BUS_FAULT, Direction.WRITE)
    assert stack_bottom - 2048 <= first.address < stack_bottom


def test_an_overflow_of_a_stack_in_sram1_meets_a_guard_and_not_what_dtcm_holds(build):
    digit = bytes([6]) + DIGIT[1:]
    run("cmake", "-DMCUMATRIX_STACK=sram1", build.folder / "image")
    try:
        build.render(digit=digit)
        build.make_library()
        build.compile()
        stack_bottom = symbol_address(build.elf, "stack_bottom")
        with Terminal(build.elf) as terminal:
            terminal.ask("CMD=2")
            first = terminal.board.findings[0]
    finally:
        run("cmake", "-UMCUMATRIX_STACK", build.folder / "image")
    assert stack_bottom == 0x2001_0000
    assert (first.kind, first.direction) == (FindingKind.PROTECTION, Direction.WRITE)
    assert stack_bottom - 4096 <= first.address < stack_bottom


def test_an_unexpected_interrupt_is_named_by_its_number(fault):
    printed, _ = fault(9)
    assert printed == f"\r\nERROR: unexpected interrupt 71{HALTED}"


def test_an_abort_is_an_error_line(fault):
    printed, _ = fault(10)
    assert printed == f"\r\nERROR: the program ended: abort was called{HALTED}"


def test_the_error_line_of_a_fault_stands_alone_within_an_exchange(power_on):
    terminal = power_on(digit=bytes([2]) + DIGIT[1:])
    begin, empty, error = terminal.ask(wire.RunBench(1, 0, 1)).splitlines()
    assert begin.startswith("@begin 0 command=3 ")
    assert (empty, error[:16]) == ("", "ERROR: BusFault ")
