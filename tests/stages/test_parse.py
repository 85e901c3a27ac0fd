"""From serial logs to measurements."""

import dataclasses
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcumatrix import wire
from mcumatrix.errors import FirmwareError, McuMatrixError, ParseError
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.memory import ArenaKind, Stack
from mcumatrix.model.network import TensorType
from mcumatrix.model.record import Clock, LayerTimes, Measurement, Output
from mcumatrix.stages.parse import check_duration, parse_bench, parse_boot
from support.logs import CLOCKS, NONCE, OUTPUT, bench_log, bench_messages, boot_log, exchange
from support.variants import hello

_GOOD = boot_log() + b"some text\r\n" + bench_log()


def _parse(log: bytes) -> Measurement:
    return parse_bench(log, NONCE, hello())


def _edited(edit: Callable[[list[wire.Message]], None]) -> bytes:
    messages = bench_messages()
    edit(messages)
    return bench_log(messages)


def _replace(kind: type[wire.Message], new: wire.Message, which: int = 0) -> bytes:
    def edit(messages: list[wire.Message]) -> None:
        at = [index for index, message in enumerate(messages) if isinstance(message, kind)][which]
        messages[at] = new

    return _edited(edit)


def _drop(kind: type[wire.Message], which: int = 0) -> bytes:
    def edit(messages: list[wire.Message]) -> None:
        del messages[[i for i, message in enumerate(messages) if isinstance(message, kind)][which]]

    return _edited(edit)


def _sentence(log: bytes) -> str:
    with pytest.raises(McuMatrixError) as error:
        _parse(log)
    return error.value.message


def test_a_good_log_gives_every_number_that_is_in_it() -> None:
    assert _parse(_GOOD) == Measurement(
        clock=Clock(
            216_000_000,
            216_000_000,
            {"PCLK1": 54_000_000, "PCLK2": 108_000_000},
            {"RCC_CFGR": 0x9400, "FLASH_ACR": 0x307},
        ),
        warmup=1,
        layers=(
            LayerTimes("CONV_2D", (1000, 1010), 0x0800_1000, "", ("arm_convolve_s8", "arm_nn_mat_mult")),
            LayerTimes("SOFTMAX", (1001, 1011), 0x0800_1000),
        ),
        total_cycles=(5000, 5000),
        arena_bytes=4096,
        input_crc32=1,
        output=Output(TensorType.INT8, (1, 2), (-128, 127), _parse(_GOOD).output.crc32),
        arena_kinds={ArenaKind.NON_PERSISTENT: 3000, ArenaKind.PERSISTENT: 1000, ArenaKind.NODES: 400},
        stack=Stack(inference_bytes=800, deepest_bytes=1200, size_bytes=16384),
    )


def test_a_chip_without_other_clocks_and_registers_is_measured_all_the_same() -> None:
    bare = [m for m in bench_messages() if not isinstance(m, wire.Rate | wire.Register)]
    assert _parse(bench_log(bare)).clock == Clock(216_000_000, 216_000_000, {}, {})


def test_floats_are_read_as_floats() -> None:
    data = struct.pack("<2f", 0.25, 1.5)
    messages = bench_messages()[:-2]
    messages = [
        wire.Total(m.repeat, m.cycles, zlib.crc32(data)) if isinstance(m, wire.Total) else m for m in messages
    ]
    tensor = wire.Tensor("output", 0, "1x2", 0.0, 0, len(data))
    output = _parse(bench_log([*messages, tensor, wire.DataLine(0, data)])).output
    assert (output.element, output.values) == (TensorType.FLOAT32, (0.25, 1.5))


def _with_outputs(*tensors: tuple[wire.Tensor, bytes]) -> bytes:
    """A log whose last inference has given these outputs."""
    crc32 = zlib.crc32(b"".join(data for _, data in tensors))
    messages = [
        wire.Total(m.repeat, m.cycles, crc32) if isinstance(m, wire.Total) else m
        for m in bench_messages()
        if not isinstance(m, wire.Tensor | wire.DataLine)
    ]
    for tensor, data in tensors:
        messages += [tensor, wire.DataLine(0, data)]
    return bench_log(messages)


@pytest.mark.parametrize(
    ("code", "letter", "element", "values"),
    [
        (2, "i", TensorType.INT32, (-(2**31), 7)),
        (4, "q", TensorType.INT64, (-(2**40), 7)),
        (6, "?", TensorType.BOOL, (True, False)),
        (7, "h", TensorType.INT16, (-(2**15), 7)),
        (3, "B", TensorType.UINT8, (255, 7)),
    ],
)
def test_every_type_of_an_output_is_read(
    code: int, letter: str, element: TensorType, values: tuple[int, int]
) -> None:
    data = struct.pack(f"<2{letter}", *values)
    output = _parse(_with_outputs((wire.Tensor("output", code, "2x1", 0.0, 0, len(data)), data))).output
    assert (output.element, output.shape, output.values) == (element, (2, 1), tuple(map(float, values)))


def test_several_outputs_are_read_in_their_order() -> None:
    first = (wire.Tensor("output", 9, "1x2", 0.5, 0, 2), b"\x01\xff")
    second = (wire.Tensor("output_1", 7, "1x1x1x1x1x1x1x1", 0.0, 0, 2), b"\x00\x01")
    measurement = _parse(_with_outputs(first, second))
    assert measurement.output.values == (1.0, -1.0)
    (further,) = measurement.further_outputs
    assert (further.shape, further.values, further.crc32) == ((1,) * 8, (256.0,), ())


def test_the_checksum_is_of_all_outputs() -> None:
    tensor = wire.Tensor("output", 9, "1x2", 0.5, 0, 2)
    whole = _with_outputs((tensor, b"\x01\xff"), (tensor, b"\x02\x03"))
    without_the_last = [
        message
        for exchange in wire.read_exchanges(whole)
        if exchange.command == wire.RunBench.number
        for message in exchange.messages[:-2]
    ]
    assert _sentence(bench_log(without_the_last)) == (
        "the answer contradicts itself: its output is not the one that was measured"
    )


def test_every_prefix_of_a_good_log_is_an_error_until_the_last_line_is_whole() -> None:
    whole = len(_GOOD.rstrip(b"\r\n"))
    for length in range(whole):
        with pytest.raises(McuMatrixError):
            _parse(_GOOD[:length])
    assert _parse(_GOOD[:whole]) == _parse(_GOOD)


def test_every_flipped_byte_of_a_good_log_gives_the_same_measurement_or_an_error() -> None:
    good = _parse(_GOOD)
    for at in range(len(_GOOD)):
        for flip in (0x01, 0x20, 0x80, 0xFF):
            log = bytearray(_GOOD)
            log[at] ^= flip
            try:
                measurement = _parse(bytes(log))
            except McuMatrixError:
                continue
            assert measurement == good


@settings(max_examples=300)
@given(st.data())
def test_bytes_that_are_lost_repeated_or_come_from_elsewhere_never_change_a_number(
    data: st.DataObject,
) -> None:
    at = data.draw(st.integers(0, len(_GOOD)))
    until = data.draw(st.integers(at, len(_GOOD)))
    foreign = data.draw(st.one_of(st.binary(max_size=40), st.just(_GOOD[at:until] * 2)))
    try:
        measurement = _parse(_GOOD[:at] + foreign + _GOOD[until:])
    except McuMatrixError:
        return
    assert measurement == _parse(_GOOD)


def _of_another(nonce: int, cycles: int, command: int) -> list[bytes]:
    """The lines of another answer, as the same board gave it at another time: other cycles."""
    messages = [
        dataclasses.replace(m, cycles=m.cycles * cycles) if isinstance(m, wire.Time | wire.Total) else m
        for m in bench_messages()
    ]
    return exchange(command, nonce, messages).splitlines(keepends=True)


@settings(max_examples=1000)
@given(st.data())
def test_lines_spliced_from_another_exchange_never_change_a_number(data: st.DataObject) -> None:
    """Whatever lines of an answer are replaced by, followed by or moved before those of others."""
    lines = bench_log().splitlines(keepends=True)
    nonce = data.draw(st.integers(0, 2**32 - 1).filter(lambda nonce: nonce != NONCE))
    other = _of_another(nonce, data.draw(st.integers(2, 5)), data.draw(st.sampled_from([3, 5])))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(lines)))
        end = data.draw(st.integers(start, min(len(lines), start + 6)))
        if data.draw(st.booleans()):
            source, until = start, end
        else:
            source = data.draw(st.integers(0, len(other)))
            until = data.draw(st.integers(source, min(len(other), source + 6)))
        lines[start:end] = other[source:until]
    try:
        measurement = _parse(boot_log() + b"".join(lines))
    except McuMatrixError:
        return
    assert measurement == _parse(_GOOD)


@pytest.mark.parametrize("number", range(len(bench_log().splitlines())))
def test_no_line_of_an_answer_can_come_from_another(number: int) -> None:
    lines, other = bench_log().splitlines(keepends=True), _of_another(0xBEF0, 1, 3)
    lines[number] = other[number]
    with pytest.raises(ParseError):
        _parse(b"".join(lines))


def test_an_answer_to_somebody_elses_command_is_not_ours() -> None:
    assert _sentence(bench_log(nonce=0xBAD)) == "0 answers carry the nonce 0000beef, and one was due"
    assert _sentence(bench_log() * 2) == "2 answers carry the nonce 0000beef, and one was due"


def test_firmware_from_before_the_stack_was_measured_is_read_without_it() -> None:
    before = hello(protocol=5)
    log = _replace(wire.Hello, before)
    bare = [m for m in bench_messages() if not isinstance(m, wire.Arena | wire.Stack)]
    bare[0] = before
    measurement = parse_bench(bench_log(bare), NONCE, before)
    assert (measurement.arena_kinds, measurement.stack) == ({}, None)
    # What is there counts all the same.
    assert parse_bench(log, NONCE, before).stack is not None


def test_another_firmware_than_the_flashed_one_is_never_measured() -> None:
    with pytest.raises(ParseError) as error:
        _parse(_replace(wire.Hello, hello(build="feedfeedfeedfeed")))
    assert str(error.value) == (
        "the board says build=feedfeedfeedfeed where the image has 0123456789abcdef\n"
        "  It runs another firmware: flash it again, and check that nobody else uses the board."
    )
    assert _sentence(_replace(wire.Hello, hello(clock_hz=288_000_000))) == (
        "the board says clock_hz=288000000 where the image has 216000000"
    )


def test_the_firmwares_own_errors_are_passed_on() -> None:
    with pytest.raises(FirmwareError) as error:
        _parse(b"ERROR: the arena is too small\r\n" + bench_log())
    assert str(error.value) == (
        "the firmware says: the arena is too small\n  The raw log has the rest of its words."
    )
    assert _sentence(bench_log(ok=False)) == "the firmware could not measure, and did not say why"


@pytest.mark.parametrize(
    ("log", "contradiction"),
    [
        (_drop(wire.Total), "a repeat is missing or twice"),
        (_drop(wire.Time, 1), "a time is missing or twice"),
        (_replace(wire.Time, wire.Time(1, 0, 5)), "a time is missing or twice"),
        (_drop(wire.Layer), "its layers are not in order"),
        (_drop(wire.Clocks), "it has 0 lines @clocks, and one was due"),
        (_replace(wire.Memory, wire.Clocks(1)), "it has 2 lines @clocks, and one was due"),
        (_replace(wire.Rate, wire.Rate("PCLK2", 1)), "it has a clock twice"),
        (_drop(wire.Stack), "it has 0 lines @stack, and one was due"),
        (_replace(wire.Arena, wire.Arena("heap", 1)), "its arena has the unknown kind heap"),
        (_replace(wire.Arena, wire.Arena("nodes", 400)), "the kind nodes of its arena is there twice"),
        (
            _replace(wire.Arena, wire.Arena("non_persistent", 3097)),
            "4097 bytes of its arena of 4096 bytes are in use",
        ),
        (
            _replace(wire.Arena, wire.Arena("nodes", 1001), 2),
            "1001 bytes of its arena are parts of 1000 bytes that are persistent",
        ),
        *(
            (
                _replace(wire.Stack, wire.Stack(inference, deepest, 16384)),
                f"its stack of 16384 bytes was {deepest} bytes deep, and an inference took {inference} of "
                "them",
            )
            for inference, deepest in ((0, 1200), (1201, 1200), (800, 16385), (2**32 - 800, 1200))
        ),
        (_replace(wire.Register, wire.Register("FLASH_ACR", 1)), "it has a register twice"),
        (_replace(wire.Bench, wire.Bench(1, 0, 1)), "it has no layers or no repeats"),
        (
            _replace(wire.Time, wire.Time(0, 0, 4001)),
            "the layers of repeat 0 took longer than the whole inference",
        ),
        (
            _replace(wire.Total, wire.Total(1, 2**64 - 1, zlib.crc32(OUTPUT)), 1),
            "repeat 1 took 18446744073709551615 cycles, which is more than an hour",
        ),
        (
            _replace(wire.Time, wire.Time(0, 0, 0)),
            "layer 0 CONV_2D took 0 cycles in repeat 0, so that its cycle counter did not run",
        ),
        (_replace(wire.Clocks, wire.Clocks(0)), "its clock has 0 Hz"),
        (_replace(wire.Bench, wire.Bench(1, 60_000_000, 1)), "a repeat is missing or twice"),
        (_replace(wire.Total, wire.Total(1, 5000, 9), 1), "its output is not the one that was measured"),
        (_drop(wire.DataLine), "its tensor of shape 1x2 has 0 of 2 bytes"),
        (_replace(wire.DataLine, wire.DataLine(1, b"ab")), "the bytes of its tensor are not in order"),
        (
            _replace(wire.Tensor, wire.Tensor("output", 9, "1x3", 0.0, 0, 2)),
            "its tensor of shape 1x3 has 2 of 2 bytes",
        ),
        (
            _replace(wire.Tensor, wire.Tensor("output", 9, "1x", 0.0, 0, 2)),
            "its tensor of shape 1x has 2 of 2 bytes",
        ),
        (
            _replace(wire.Tensor, wire.Tensor("output", 8, "1x2", 0.0, 0, 2)),
            "its tensor has the unknown type 8",
        ),
    ],
)
def test_an_answer_that_contradicts_itself_is_refused(log: bytes, contradiction: str) -> None:
    assert _sentence(log) == f"the answer contradicts itself: {contradiction}"


def test_a_board_of_which_the_cycle_counter_stands_still_is_not_measured() -> None:
    def stop(messages: list[wire.Message]) -> None:
        for at, message in enumerate(messages):
            if isinstance(message, wire.Time | wire.Total):
                messages[at] = dataclasses.replace(message, cycles=0)

    assert _sentence(_edited(stop)) == (
        "the answer contradicts itself: repeat 0 took 0 cycles, so that its cycle counter did not run"
    )


def _lasting(total_s: float) -> Measurement:
    """Two repeats and a warm-up of a second each at the clock of the log; `total_s` stands for each."""
    return dataclasses.replace(_parse(_GOOD), total_cycles=(int(216_000_000 * total_s),) * 2)


@pytest.mark.parametrize(("elapsed_s", "line_s"), [(2.9, 0.0), (3.0, 0.0), (8.7, 0.0), (30.0, 20.0)])
def test_a_board_may_take_as_long_as_it_says_and_the_line_needs(elapsed_s: float, line_s: float) -> None:
    check_duration(_lasting(1.0), elapsed_s, line_s)


def test_cycles_for_which_there_was_no_time_are_refused() -> None:
    with pytest.raises(ParseError) as error:
        check_duration(_lasting(1.0), 2.5, 0.1)
    assert str(error.value) == (
        "the answer cannot have taken 3.000 s, as its cycles and clock say: it came after 2.500 s\n"
        "  The cycle counter or the clock of the board is not what the firmware takes it for."
    )


def test_cycles_of_a_counter_that_is_too_slow_are_refused() -> None:
    with pytest.raises(
        ParseError, match=r"^the answer took longer than 3\.000 s, as its cycles and clock say"
    ):
        check_duration(_lasting(1.0), 9.0, 0.0)


def _boot_with(chip_id: int) -> bytes:
    return exchange(0, 0, [hello(), *CLOCKS, wire.Register("DBGMCU_IDCODE", chip_id)])


VIRTUAL_CHIP, SILICON = 0x1001_F449, 0x1001_6449


@pytest.mark.parametrize(
    ("chip_id", "kind"),
    [(VIRTUAL_CHIP, BoardKind.VIRTUAL), (SILICON, BoardKind.REAL), (0x449, BoardKind.REAL)],
)
def test_a_chip_of_the_boards_kind_is_accepted(chip_id: int, kind: BoardKind) -> None:
    parse_boot(_boot_with(chip_id), hello(), kind)


@pytest.mark.parametrize(
    ("chip_id", "kind", "sentence"),
    [
        (
            VIRTUAL_CHIP,
            BoardKind.REAL,
            "the board is to be real, and its chip is virtual (DBGMCU_IDCODE 0x1001f449)",
        ),
        (
            SILICON,
            BoardKind.VIRTUAL,
            "the board is to be virtual, and its chip is real (DBGMCU_IDCODE 0x10016449)",
        ),
    ],
)
def test_a_virtual_chip_never_passes_for_a_real_one(chip_id: int, kind: BoardKind, sentence: str) -> None:
    with pytest.raises(ParseError) as error:
        parse_boot(_boot_with(chip_id), hello(), kind)
    assert str(error.value) == (
        f"{sentence}\n  Mend `kind`, the probe or the serial port in the board's file: one of them belongs "
        "to another board."
    )


def test_the_first_words_must_come_from_the_flashed_firmware() -> None:
    parse_boot(boot_log(), hello(), BoardKind.VIRTUAL)
    with pytest.raises(ParseError, match=r"^the board did not say which firmware it runs\n"):
        parse_boot(b"Program started @ 216000000...\r\n", hello(), BoardKind.VIRTUAL)
    with pytest.raises(ParseError, match=r"^the board says model=mnist-int8 where the image has other\n"):
        parse_boot(boot_log(), hello(model="other"), BoardKind.VIRTUAL)
    with pytest.raises(FirmwareError, match=r"^the firmware says: the clock did not start\n"):
        parse_boot(b"ERROR: the clock did not start\r\n" + boot_log(), hello(), BoardKind.VIRTUAL)
