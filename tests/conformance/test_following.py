"""Compiled programs, block by block: that nothing differs, and that what is wrong would be found."""

from dataclasses import replace
from pathlib import Path

import pytest

from conformance import program
from conformance.compiled import describe, main
from conformance.errors import ConformanceError
from conformance.following import NAMES, Divergence, Followed, differing, follow
from conformance.program import Program, Source, build, sources
from vstm32.chips import DEFAULT_CHIP, find_chip

CHIP = find_chip(DEFAULT_CHIP)
NAMED = {source.name: source for source in sources()}


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return build(NAMED["workload O2"], tmp_path_factory.mktemp("workload"))


def test_there_is_a_program_for_each_layer_with_each_kind_of_kernels() -> None:
    assert {"workload O2", "workload O3", "workload Os", "mnist-int8 simd 2 CONV_2D"} <= set(NAMED)
    assert len(NAMED) == 3 + 2 * 2 * 8


def test_the_start_of_the_workload_is_the_same_on_both(workload: Program) -> None:
    outcome = follow(workload, CHIP, 10_000)
    assert outcome.divergence is None
    assert 10_000 <= outcome.instructions < 10_100
    assert outcome.blocks > 1_000
    assert not outcome.ended


@pytest.mark.parametrize("name", ["mnist-int8 simd 2 CONV_2D", "mnist-float32 reference 2 CONV_2D"])
def test_the_start_of_a_layer_is_the_same_on_both(tmp_path: Path, name: str) -> None:
    outcome = follow(build(NAMED[name], tmp_path), CHIP, 20_000)
    assert outcome.divergence is None
    assert outcome.instructions >= 20_000


def test_a_layer_that_ends_has_the_same_memory_on_both(tmp_path: Path) -> None:
    outcome = follow(build(NAMED["mnist-float32 simd 7 SOFTMAX"], tmp_path), CHIP, 50_000)
    assert outcome.divergence is None
    assert outcome.ended


def changed(original: Program, old: bytes, new: bytes) -> Program:
    """The virtual board's core runs other code than QEMU."""
    segments = tuple((address, data.replace(old, new)) for address, data in original.segments)
    assert segments != original.segments
    return replace(original, segments=segments)


def test_a_wrong_number_is_found_before_the_next_block(workload: Program) -> None:
    """The polynomial of the checksum, of which MOVW has the lower byte."""
    literal = next(data for _, data in workload.segments if len(data) > 100)
    outcome = follow(changed(workload, *_polynomial(literal)), CHIP, 10_000)
    assert outcome.divergence is not None
    assert not outcome.ended
    assert outcome.blocks < 100
    assert all(part[0] == "r" for part in outcome.divergence.parts)


def _polynomial(code: bytes) -> tuple[bytes, bytes]:
    """A MOVW of 0xBAAD (Arm v7-M ARM, section A7.7.76: imm4 is 11, i is 1, imm3 is 2), and one of 0xBAAC."""
    at = code.index(b"\x4b\xf6")
    movw = code[at : at + 4]
    assert movw[2] == 0xAD
    return movw, movw[:2] + b"\xac" + movw[3:]


@pytest.fixture
def stores(tmp_path: Path) -> Program:
    source = tmp_path / "stores.c"
    source.write_text("volatile int word; void program(void) { word = 7; }")
    return build(Source("stores", (source,), ("-O2",)), tmp_path)


def test_wrong_memory_is_found_at_the_end(stores: Program) -> None:
    assert follow(stores, CHIP, 1_000).divergence is None
    (code,) = (data for address, data in stores.segments if address)
    number = next(bytes((7, 0x20 + register)) for register in range(8) if bytes((7, 0x20 + register)) in code)
    outcome = follow(changed(stores, number, b"\x08" + number[1:]), CHIP, 1_000)
    assert outcome.divergence is not None
    assert outcome.divergence.parts == ("memory at 0x20000000: 0x00000007 and 0x00000008",)


def test_a_program_that_stops_otherwise_is_an_error(stores: Program) -> None:
    with pytest.raises(ConformanceError) as caught:
        follow(changed(stores, b"\x70\x47", b"\x00\xde"), CHIP, 1_000)
    assert str(caught.value).startswith("The virtual board's core has stopped at 0x2000")
    assert str(caught.value).endswith(
        "UNDEFINED.\n  stores does nothing that ends so: look at what it has just run."
    )


def test_flags_that_are_not_compared_do_not_count() -> None:
    zeros = (0,) * len(NAMES)
    for value, parts in ((1 << 24, ()), (1 << 30, ("xPSR: 0x00000000 and 0x40000000",))):
        state = list(zeros)
        state[NAMES.index("xPSR")] = value
        assert differing(zeros, tuple(state)) == parts


def test_what_differs_is_described() -> None:
    outcome = Followed("a", 12, 1, 99, False, Divergence(11, 0x200010, ("r3: 0x00000001 and 0x00000002",)))
    assert describe(outcome) == (
        "a: 99 instructions in 12 blocks, not to its end, 1 that only one of them begins\n"
        "  QEMU and the virtual board differ before block 11, at 0x200010:\n"
        "    r3: 0x00000001 and 0x00000002"
    )


def test_the_command_says_what_it_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workload", "Os", "--instructions", "500"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("QEMU emulator version ")
    assert said[1].startswith("workload Os: 5")
    assert said[1].endswith("not to its end")
    assert said[2].startswith("1 program, 5")
    assert said[2].endswith("0 that differ")


def test_a_name_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["mnist-int8", "CONV_3D"])
    assert caught.value.code == 2
    assert "no program's name has mnist-int8 and CONV_3D; --list prints them" in capsys.readouterr().err


def test_a_program_that_does_not_compile_is_said_so(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("void program(void) { nowhere(); }")
    with pytest.raises(ConformanceError) as caught:
        build(Source("wrong", (source,), ("-O2",)), tmp_path)
    first, *_, last = str(caught.value).splitlines()
    assert first == "The program 'wrong' could not be compiled:"
    assert last == "  It needs Debian's gcc-arm-none-eabi and libnewlib-arm-none-eabi."


def test_a_missing_compiler_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program.shutil, "which", lambda _: None)
    with pytest.raises(ConformanceError) as caught:
        build(NAMED["workload O2"], tmp_path)
    assert str(caught.value) == (
        "arm-none-eabi-gcc is not on PATH; the programs of the comparison are compiled with it.\n"
        "  Install it: apt-get install gcc-arm-none-eabi, or run ./dev setup."
    )
