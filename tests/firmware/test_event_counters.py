"""Events of layers, counted by the DWT of the virtual Cortex-M4 in images that can, and told exactly."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mcumatrix import wire
from mcumatrix.model.event_counts import PERIODS_CYCLES, events_of_layers
from mcumatrix.stages.event_counts import event_counts_in
from support.applications import image_with
from support.compiling import run
from support.firmware_images import NUCLEO, Build
from vstm32 import Board, BoardOptions, load_elf
from vstm32.base.symbols import read_functions

BENCH = wire.RunBench(0x1234, 1, 2)
APPLICATION = "event-counters"


@dataclass(frozen=True)
class Images:
    """The file of each, whatever becomes of the folder that it was made in."""

    counting: Path
    without_edges: Path
    """Its runtime does not tell where layers begin and end."""


@pytest.fixture(scope="module")
def images(nucleo: Build, tmp_path_factory: pytest.TempPathFactory) -> Images:
    folder = tmp_path_factory.mktemp("counting")
    linked = image_with(APPLICATION, nucleo, folder, NUCLEO)
    kept = linked.rename(folder / "counting.elf")
    replace(nucleo, runtime_flags=("-DFAKE_WITHOUT_EDGES",)).make_library()
    run("ninja", "-C", linked.parent)
    nucleo.make_library()
    return Images(kept, linked)


class Counter:
    """A NUCLEO-L4R5ZI with such an image, by the cycles of m4-1."""

    def __init__(self, elf: Path, *, is_profiled: bool = False, timing: str = "m4-1") -> None:
        profile = read_functions(elf) if is_profiled else None
        self.board = Board(load_elf(elf), BoardOptions(chip="stm32l4r5xi", timing=timing), profile=profile)
        self._rest()

    def _rest(self) -> bytes:
        self.board.run_until_it_waits(timeout_seconds=60)
        return self.board.line().read()

    def ask(self, command: wire.Command | bytes) -> bytes:
        self.board.line().write(command.encode() if isinstance(command, wire.Command) else command + b"\r")
        return self._rest()

    def stalls(self) -> list[tuple[int, int, int]]:
        """Of the layers' functions so far: cycles, CPI, loads and stores."""
        assert self.board.profiler is not None
        functions = {cost.name: cost for cost in self.board.profiler.profile().functions()}
        found = []
        for name in ("reshape", "softmax"):
            stalls = functions[name].stalls
            assert stalls is not None
            found.append((functions[name].cycles, stalls.others, stalls.load_store))
        return found


@pytest.fixture(scope="module")
def counter(images: Images) -> Iterator[Counter]:
    made = Counter(images.counting)
    yield made
    assert made.board.fault is None
    assert made.board.findings == ()
    made.board.close()


def _exchange(said: bytes) -> wire.Exchange:
    (exchange,) = wire.read_exchanges(said)
    return exchange


def test_what_is_told_of_layers_is_what_the_board_knows_of_them(counter: Counter, images: Images) -> None:
    said = [counter.ask(wire.CountEvents(7 + number, period)) for number, period in enumerate(PERIODS_CYCLES)]
    counts = event_counts_in([_exchange(one) for one in said])
    assert counts is not None
    assert max(layer.interrupts for layer in counts.inferences[1].layers) > 10
    profiled = Counter(images.counting, is_profiled=True)
    profiled.ask(wire.CountEvents(1, 0))
    before = profiled.stalls()
    profiled.ask(wire.CountEvents(2, 0))
    own = [
        tuple(late - early for late, early in zip(*pair, strict=True))
        for pair in zip(profiled.stalls(), before, strict=True)
    ]
    profiled.board.close()
    besides = []
    for layer, (cycles, cpi, load_store) in zip(events_of_layers(counts), own, strict=True):
        assert (layer.exceptions, layer.sleep, layer.folded) == (0, 0, 0)
        assert layer.cpi is not None
        assert layer.load_store is not None
        besides.append((layer.cycles - cycles, layer.cpi - cpi, layer.load_store - load_store))
    # The call and the return are counted too, the same ones for each layer: the loop takes one instruction
    # less before the first, and one cycle more of another.
    assert max(besides[0]) < 64
    assert besides[0][::2] == besides[1][::2]
    assert abs(besides[0][1] - besides[1][1]) <= 1


def test_times_and_addresses_are_those_of_an_image_that_cannot_count(
    counter: Counter, images: Images, nucleo: Build
) -> None:
    without = Counter(nucleo.elf)
    plain = without.ask(BENCH)
    without.board.close()
    assert _exchange(counter.ask(BENCH)).of(wire.Time) == _exchange(plain).of(wire.Time)
    assert _exchange(plain).of(wire.Total) == _exchange(counter.ask(BENCH)).of(wire.Total)

    def symbols(elf: Path) -> set[tuple[str, str]]:
        lines = run("arm-none-eabi-nm", elf).splitlines()
        return {(line.split()[2], line.split()[0]) for line in lines if line.split()[1] != "A"}

    assert {name for name, _ in symbols(nucleo.elf) - symbols(images.counting)} == {"heap_start"}


@pytest.mark.parametrize("period_cycles", [1, 31, 225, 2**32 - 1])
def test_a_period_that_cannot_be_is_refused(counter: Counter, period_cycles: int) -> None:
    said = counter.ask(wire.CountEvents(7, period_cycles))
    assert f"ERROR: period_cycles={period_cycles} is neither 0 nor within 32 and 224\r\n".encode() in said
    assert not _exchange(said).ok


def test_an_inference_that_fails_is_said_and_the_next_one_is_timed(counter: Counter) -> None:
    counter.ask(wire.WriteInput(1, 0, b"\1"))
    said = counter.ask(wire.CountEvents(7, 64))
    assert b"ERROR: the runtime failed: the fake runtime was told to fail\r\n" in said
    counter.ask(wire.WriteInput(1, 0, b"\0"))
    assert _exchange(counter.ask(BENCH)).ok


def test_the_benchmark_has_its_commands_and_says_which_ones_where_there_is_none(counter: Counter) -> None:
    assert b"unknown command 'CMD=9 nonce=00000007'" in counter.ask(b"CMD=9 nonce=00000007")
    assert _exchange(counter.ask(wire.Identify(5))).of(wire.Hello) == (NUCLEO,)


def test_a_core_without_counters_says_so(images: Images) -> None:
    plain = Counter(images.counting, timing="instructions")
    exchange = _exchange(plain.ask(wire.CountEvents(7, 64)))
    plain.board.close()
    assert exchange.ok
    assert [message.name for message in exchange.messages] == ["counting"]
    counts = event_counts_in([exchange])
    assert counts is not None
    assert not counts.has_counters


def test_a_runtime_that_does_not_tell_of_layers_is_timed_and_cannot_be_counted(images: Images) -> None:
    plain = Counter(images.without_edges)
    said = plain.ask(wire.CountEvents(7, 64))
    sentence = b"the runtime does not tell where its layers begin and end, so that no events can be counted"
    assert b"ERROR: " + sentence + b"\r\n" in said
    assert _exchange(plain.ask(BENCH)).ok
    plain.board.close()
