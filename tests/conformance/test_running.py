"""The comparison itself: that it finds nothing that is not known, and that it would find what is wrong."""

import random
from pathlib import Path

import pytest

from conformance import definitions, driver, qemu
from conformance.__main__ import describe, main
from conformance.batch import Batch, State, Unit
from conformance.compare import Difference, differing_runs, reduce, run_both
from conformance.encoding import Encoding
from conformance.errors import ConformanceError
from conformance.float_instructions import DOUBLE, FLOAT, is_in_fpv4
from conformance.generator import Generator
from conformance.instructions import BY_NAME
from conformance.known import load
from conformance.running import Bench, check_definitions, compare_random, find_gone

KNOWN = load()
QADD = BY_NAME["QADD"].encode({"n": 1, "m": 2, "d": 3})
NEGATE = BY_NAME["MVN reg"].encode({"S": 0, "m": 3, "d": 3, "i": 0, "k": 0})
COUNT = BY_NAME["ADD imm T2"].encode({"d": 0, "i": 1})


def test_random_blocks_differ_in_nothing_that_is_not_known(both: Bench) -> None:
    outcome = compare_random(both, KNOWN, seed=7, blocks=196, seconds=None)
    assert [describe(*each) for each in outcome.new] == []
    assert outcome.instructions > 100_000
    assert outcome.known


def test_a_chip_with_double_precision_differs_in_nothing_that_is_not_known(both_double: Bench) -> None:
    outcome = compare_random(both_double, KNOWN, seed=11, blocks=112, seconds=None)
    assert [describe(*each) for each in outcome.new] == []
    assert outcome.instructions > 50_000
    checked = check_definitions(both_double, KNOWN, seed=11, rounds=1, seconds=None)
    assert [describe(*each) for each in checked.new] == []
    assert find_gone(both_double, KNOWN) == []


def test_a_cortex_m4_differs_in_nothing_that_is_not_known(both_m4: Bench) -> None:
    outcome = compare_random(both_m4, KNOWN, seed=13, blocks=84, seconds=None)
    assert [describe(*each) for each in outcome.new] == []
    assert outcome.instructions > 50_000
    checked = check_definitions(both_m4, KNOWN, seed=13, rounds=1, seconds=None)
    assert [describe(*each) for each in checked.new] == []
    assert find_gone(both_m4, KNOWN) == []


def test_what_fpv5_has_added_is_undefined_on_a_cortex_m4(both_m4: Bench) -> None:
    added = [encoding for encoding in FLOAT if not is_in_fpv4(encoding)]
    assert {encoding.name for encoding in added} >= {"VSEL", "VMAXNM", "VMINNM", "VRINTR", "VCVTA"}
    source = random.Random(17)
    blocks = tuple((Unit(encoding.random(source), 1, encoding.name),) for encoding in added)
    batch = Batch(blocks, (State(),))
    for results in run_both(both_m4.qemu, both_m4.core, batch):
        assert {batch.result(results, block, 0).fault for block in range(len(added))} == {1 << 16}


@pytest.mark.parametrize("encoding", DOUBLE, ids=lambda encoding: encoding.name)
def test_each_instruction_in_double_precision_runs_and_gives_the_same(
    both_double: Bench, encoding: Encoding
) -> None:
    generator, source = Generator(5, doubles=True), random.Random(encoding.name)
    blocks = tuple((Unit(encoding.random(source), 1, encoding.name),) for _ in range(20))
    batch = Batch(blocks, tuple(generator.state() for _ in range(16)))
    reference, tested = run_both(both_double.qemu, both_double.core, batch)
    assert list(differing_runs(batch, reference, tested)) == []
    assert batch.result(tested, 0, 0).fault == 0


def test_both_do_what_the_definitions_say(both: Bench) -> None:
    outcome = check_definitions(both, KNOWN, seed=7, rounds=4, seconds=None)
    assert [describe(*each) for each in outcome.new] == []
    assert outcome.runs >= 4 * 16 * len(definitions.ENCODINGS)


def test_the_known_differences_still_show(both: Bench) -> None:
    assert find_gone(both, KNOWN) == []


def test_a_known_difference_that_no_longer_shows_is_found(both: Bench) -> None:
    from dataclasses import replace

    healed = replace(KNOWN[0], code=COUNT)
    assert find_gone(both, (healed, KNOWN[1])) == [healed]


class _WrongAboutQadd:
    """A core that does nothing for one instruction."""

    name = "wrong"

    def __init__(self, core: object) -> None:
        self._core = core

    def run(self, batch: Batch) -> bytes:
        nop = Unit(b"\xaf\xf3\x00\x80")
        blocks = tuple(tuple(nop if unit.code == QADD else unit for unit in block) for block in batch.blocks)
        return bytes(self._core.run(Batch(blocks, batch.states, batch.least_block_bytes)))  # type: ignore[attr-defined]


def test_a_wrong_instruction_is_found_with_the_state_before_it(both: Bench) -> None:
    wrong = _WrongAboutQadd(both.core)
    block = (Unit(COUNT), Unit(COUNT), Unit(QADD, 1, "QADD"), Unit(NEGATE), Unit(COUNT))
    state = State(core=(10, 0x7FFF_FFFF, 5, *(0,) * 11))
    batch = Batch(((Unit(COUNT),), block), (State(), state))
    assert list(differing_runs(batch, *run_both(both.qemu, wrong, batch))) == [(1, 1)]
    found = reduce(both.qemu, wrong, batch, 1, 1)
    assert found.unit.label == "QADD"
    assert found.before.core[:4] == (12, 0x7FFF_FFFF, 5, 0)
    assert found.parts() == {"r3": (0x7FFF_FFFF, 0), "apsr": (1 << 27, 0)}
    text = describe("QEMU and a wrong core", found).splitlines()
    assert text[:2] == ["QEMU and a wrong core differ in QADD (81fa82f3):", "    qadd r3, r2, r1"]
    assert text[-2:] == ["  r3: 0x7fffffff and 0x00000000", "  apsr: 0x08000000 and 0x00000000"]


def test_a_difference_in_memory_and_in_floating_point_registers_has_a_name() -> None:
    one = State()
    other = State(floats=(0,) * 31 + (1,), memory=b"\0" * 7 + b"\1" + b"\0" * 248)
    assert Difference(Unit(b""), one, one, other).parts() == {"s31": (0, 1), "memory+7": (0, 1)}


def test_exceptions_are_told_apart_and_end_the_run_alone(both: Bench) -> None:
    undefined = Unit(b"\x00\xde")
    outside = Unit(b"\x08\x68")  # LDR r0, [r1]
    state = State(core=(0, 0xB000_0000, *(0,) * 12))
    batch = Batch(((undefined,), (outside,), (Unit(COUNT),)), (state,))
    for results in run_both(both.qemu, both.core, batch):
        assert [batch.result(results, block, 0).fault for block in range(2)] == [1 << 16, 1 << 9 | 1 << 15]
        assert batch.result(results, 2, 0).core[0] == 1


def test_double_precision_is_undefined_on_a_chip_without_it(both: Bench) -> None:
    # The M7 of the mps2-an500 has both.
    batch = Batch(((Unit(b"\x31\xee\x02\x0b"),),), (State(),))  # VADD.F64 d0, d1, d2
    reference, tested = run_both(both.qemu, both.core, batch)
    assert batch.result(tested, 0, 0).fault == 1 << 16
    assert batch.result(reference, 0, 0).fault == 0


def test_a_difference_is_known_only_for_its_reason() -> None:
    rounding = KNOWN[0]
    unit = Unit(b"", 1, "VCVT from fixed")
    one, other = State(), State(floats=(1,) + (0,) * 31)
    assert not rounding.explains(Difference(unit, State(), one, other)), "rounds to nearest"
    assert rounding.explains(Difference(unit, State(fpscr=1 << 22), one, other))
    assert not rounding.explains(Difference(Unit(b"", 1, "VADD"), State(fpscr=1 << 22), one, other))
    faulty = State(fault=1)
    assert not rounding.explains(Difference(unit, State(fpscr=1 << 22), one, faulty))


def test_an_entry_that_is_wrong_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text('[[difference]]\nname = "one"\nparts = ["flags"]\n')
    with pytest.raises(ConformanceError) as caught:
        load(path)
    assert str(caught.value) == (
        "known.toml: the entry 'one' is wrong: "
        "parts are core, apsr, fpscr, float, memory, fault, not flags.\n"
        "  The beginning of the file says what an entry has."
    )


def test_without_qemu_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    built = driver.build(tmp_path)
    monkeypatch.setattr(qemu, "PROGRAM", "qemu-system-none")
    with pytest.raises(ConformanceError) as caught:
        qemu.Qemu(built)
    assert str(caught.value) == (
        "qemu-system-none is not on PATH; it is what the virtual board is compared with.\n"
        "  Install it: apt-get install --no-install-recommends qemu-system-arm."
    )


def test_the_command_reports_figures_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "2", "--blocks", "28", "--rounds", "1"]) == 0
    out = capsys.readouterr().out
    assert "seed 2" in out
    assert "million a minute" in out
    assert out.count(" 0 others") == 2


def test_blocks_too_long_for_the_memory_are_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        Batch((tuple(Unit(COUNT) for _ in range(50_000)),), (State(),))


def test_generated_accesses_stay_inside_of_the_scratch_memory(both: Bench) -> None:
    # An access elsewhere would be a fault, or would change nothing that is compared: no block may fault.
    generator = Generator(99)
    for _ in range(3):
        batch = generator.batch()
        results = both.core.run(batch)
        for block in range(len(batch.blocks)):
            assert all(batch.result(results, block, state).fault == 0 for state in range(len(batch.states)))
