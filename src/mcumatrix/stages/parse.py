"""Parse: from what came over the serial line to a measurement, or a clear error and never a wrong number."""

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace

from mcumatrix import wire
from mcumatrix.errors import RUN_AGAIN, FirmwareError, ParseError
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.memory import ArenaKind, Stack
from mcumatrix.model.record import Clock, LayerTimes, Measurement, Output
from mcumatrix.model.soundness import contradiction_of_kind, contradictions_of_measurement
from mcumatrix.stages.elements import ELEMENTS, elements_of
from mcumatrix.stages.event_counts import event_counts_in
from mcumatrix.stages.set_answers import answers_in, summary_of

_FASTER_CLOCK, _HOST_JITTER_S = 1.05, 0.05
"""How far the oscillators of board and host may be apart, and when a host looks at its clock."""

_SLOWER_CLOCK, _HOST_STALL_S = 1.25, 5.0
"""What a board does besides inferences, and how long a busy host may leave an answer lying."""

_WRONG_KIND = (
    "Mend `kind`, the probe or the serial port in the board's file: one of them belongs to another board."
)


def first_error(log: bytes) -> str:
    """The first sentence of the firmware's own error lines; empty if it has none."""
    prefix = wire.ERROR_PREFIX.encode()
    if prefix not in log:  # as nearly always: lines are looked at where there is something to find
        return ""
    line = next((line for line in wire.lines_of(log) if line.startswith(prefix)), b"")
    return line[len(prefix) : wire.MAX_LINE_BYTES].decode("ascii", "backslashreplace").strip()


def check_hello(said: wire.Hello, expected: wire.Hello) -> None:
    """Raises ParseError unless the board runs exactly the image that it was given."""
    if said == expected:
        return
    for name in wire.Hello.codecs():
        if getattr(said, name) != getattr(expected, name):
            raise ParseError(
                f"the board says {name}={getattr(said, name)} where the image has {getattr(expected, name)}",
                hint="It runs another firmware: flash it again, and check that nobody else uses the board.",
            )


def parse_boot(log: bytes, expected: wire.Hello, kind: BoardKind) -> None:
    """Checks what the firmware said after reset, on a board of this kind.

    Raises:
        ParseError: it was not the expected firmware, said it unintelligibly, or runs on the other
            kind of board.
        FirmwareError: it said that it cannot start.
    """
    boot: wire.Exchange | None = None
    for exchange in wire.read_exchanges(log, expected.protocol):
        boot = exchange if exchange.command == wire.BOOT_COMMAND else boot
    _raise_for_errors(log)
    if boot is None:
        raise ParseError("the board did not say which firmware it runs", hint=RUN_AGAIN)
    check_hello(_only(boot, wire.Hello), expected)
    registers = {register.label: register.value for register in boot.of(wire.Register)}
    if contradiction := contradiction_of_kind(registers, kind):
        raise ParseError(contradiction, hint=_WRONG_KIND)


def parse_bench(log: bytes, nonce: int, expected: wire.Hello) -> Measurement:
    """The measurement in a log, which must have one answer with this nonce, from the expected firmware.

    Raises:
        ParseError: the answer is not whole, not true to itself, or not from the expected firmware.
        FirmwareError: the firmware said that it could not measure.
    """
    return measurement_in(tuple(wire.read_exchanges(log, expected.protocol)), log, nonce, expected)


def measurement_in(
    exchanges: Sequence[wire.Exchange], log: bytes, nonce: int, expected: wire.Hello
) -> Measurement:
    """As `parse_bench`, for a log of which the exchanges were read already. Raises as it does."""
    answers = [
        exchange
        for exchange in exchanges
        if (exchange.command, exchange.nonce) == (wire.RunBench.number, nonce)
    ]
    _raise_for_errors(log)
    if len(answers) != 1:
        raise ParseError(
            f"{len(answers)} answers carry the nonce {nonce:08x}, and one was due", hint=RUN_AGAIN
        )
    (answer,) = answers
    if not answer.ok:
        raise FirmwareError("the firmware could not measure, and did not say why", hint=RUN_AGAIN)
    check_hello(_only(answer, wire.Hello), expected)
    bench = _only(answer, wire.Bench)
    layers = answer.of(wire.Layer)
    totals = answer.of(wire.Total)
    _require(
        tuple(layer.layer for layer in layers) == tuple(range(len(layers))), "its layers are not in order"
    )
    _require(bool(layers) and bench.repeat > 0, "it has no layers or no repeats")
    # Counted first: numbers of a board are no reason to spend memory.
    _require(
        len(totals) == bench.repeat and all(total.repeat == at for at, total in enumerate(totals)),
        "a repeat is missing or twice",
    )
    times = {(time.repeat, time.layer): time.cycles for time in answer.of(wire.Time)}
    _require(
        len(times) == len(answer.of(wire.Time)) == bench.repeat * len(layers)
        and all((repeat, layer.layer) in times for repeat in range(bench.repeat) for layer in layers),
        "a time is missing or twice",
    )
    used: dict[int, list[str]] = {}
    for one in answer.of(wire.Used):
        used.setdefault(one.layer, []).append(one.function)
    first, *further = parse_outputs(answer, tuple(total.output_crc32 for total in totals))
    measurement = Measurement(
        clock=_clock(answer, expected.clock_hz),
        warmup=bench.warmup,
        layers=tuple(
            LayerTimes(
                op=layer.op,
                cycles=tuple(times[repeat, layer.layer] for repeat in range(bench.repeat)),
                code=layer.code,
                functions=tuple(used.get(layer.layer, ())),
            )
            for layer in layers
        ),
        total_cycles=tuple(total.cycles for total in totals),
        arena_bytes=_only(answer, wire.Memory).arena_bytes,
        input_crc32=bench.input_crc32,
        arena_kinds=_arena_kinds(answer),
        stack=_stack(answer, expected.protocol),
        output=first,
        further_outputs=tuple(further),
        set_answers=summary_of(answers_in(exchanges, first)),
        events=event_counts_in(exchanges),
    )
    for contradiction in contradictions_of_measurement(measurement):
        _require(False, contradiction)
    return measurement


def check_duration(measurement: Measurement, elapsed_s: float, line_s: float) -> None:
    """Compares what a board says that it took with what it took, by the clock of the host.

    `elapsed_s` is from the command to the end of the answer, `line_s` what the answer takes on the line at
    most. Only for boards that count real time: one of a timing model has a time of its own.

    Raises:
        ParseError: its cycles are those of another clock than it says, or are no cycles.
    """
    unseen = measurement.warmup * min(measurement.total_cycles)
    computed_s = (sum(measurement.total_cycles) + unseen) / measurement.clock.measured_hz
    if computed_s > elapsed_s * _FASTER_CLOCK + _HOST_JITTER_S:
        what = "cannot have taken"
    elif elapsed_s > (computed_s + line_s) * _SLOWER_CLOCK + _HOST_STALL_S:
        what = "took longer than"
    else:
        return
    raise ParseError(
        f"the answer {what} {computed_s:.3f} s, as its cycles and clock say: it came after {elapsed_s:.3f} s",
        hint="The cycle counter or the clock of the board is not what the firmware takes it for.",
    )


def _clock(answer: wire.Exchange, declared_hz: int) -> Clock:
    rates = answer.of(wire.Rate)
    registers = answer.of(wire.Register)
    clock = Clock(
        declared_hz=declared_hz,
        measured_hz=_only(answer, wire.Clocks).core_hz,
        rates_hz={rate.label: rate.hz for rate in rates},
        registers={register.label: register.value for register in registers},
    )
    _require(len(clock.rates_hz) == len(rates), "it has a clock twice")
    _require(len(clock.registers) == len(registers), "it has a register twice")
    return clock


def _arena_kinds(answer: wire.Exchange) -> dict[ArenaKind, int]:
    kinds: dict[ArenaKind, int] = {}
    for part in answer.of(wire.Arena):
        _require(part.kind in set(ArenaKind), f"its arena has the unknown kind {part.kind}")
        kind = ArenaKind(part.kind)
        _require(kind not in kinds, f"the kind {kind} of its arena is there twice")
        kinds[kind] = part.size_bytes
    return kinds


def _stack(answer: wire.Exchange, protocol: int) -> Stack | None:
    if protocol < wire.FIRST_VERSION_WITH_STACK and not answer.of(wire.Stack):
        return None
    said = _only(answer, wire.Stack)
    return Stack(said.inference_bytes, said.deepest_bytes, said.size_bytes)


def parse_outputs(answer: wire.Exchange, crc32: tuple[int, ...]) -> tuple[Output, ...]:
    """The tensors of an exchange, at least one; the last of `crc32` must be that of all their bytes.

    Raises:
        ParseError: bytes are missing, twice, or not those that were measured.
    """
    contents: list[tuple[wire.Tensor, bytearray]] = []
    for message in answer.messages:
        if isinstance(message, wire.Tensor):
            contents.append((message, bytearray()))
        elif isinstance(message, wire.DataLine):
            in_order = bool(contents) and message.offset == len(contents[-1][1])
            _require(in_order, "the bytes of its tensor are not in order")
            contents[-1][1].extend(message.payload)
    _require(bool(contents), "it has no tensor")
    outputs = tuple(_output(tensor, bytes(data)) for tensor, data in contents)
    if crc32:
        data = b"".join(data for _, data in contents)
        _require(zlib.crc32(data) == crc32[-1], "its output is not the one that was measured")
    return (replace(outputs[0], crc32=crc32), *outputs[1:])


def _output(tensor: wire.Tensor, data: bytes) -> Output:
    element, letter = ELEMENTS.get(tensor.type, (None, ""))
    _require(element is not None, f"its tensor has the unknown type {tensor.type}")
    assert element is not None
    try:
        shape = tuple(int(dimension) for dimension in tensor.dims.split("x"))
    except ValueError:
        shape = ()
    count = math.prod(shape)
    _require(
        bool(shape) and count > 0 and len(data) == tensor.size_bytes == count * struct.calcsize(letter),
        f"its tensor of shape {tensor.dims} has {len(data)} of {tensor.size_bytes} bytes",
    )
    return Output(element=element, shape=shape, values=elements_of(element, data), crc32=())


def _only(exchange: wire.Exchange, kind: type[wire.M]) -> wire.M:
    found = exchange.of(kind)
    _require(len(found) == 1, f"it has {len(found)} lines @{kind.name}, and one was due")
    return found[0]


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ParseError(f"the answer contradicts itself: {otherwise}", hint=RUN_AGAIN)


def _raise_for_errors(log: bytes) -> None:
    error = first_error(log)
    if error:
        raise FirmwareError(f"the firmware says: {error}", hint="The raw log has the rest of its words.")
