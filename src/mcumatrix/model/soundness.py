"""What a result must be true to, whatever it is about: the one place that says when a time is one.

`model/bounds.py` says how large each number may be; here is what numbers say about each other.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import isfinite, prod

from mcumatrix.model.axes import AXES
from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.chip import CHIP_ID_REGISTER, is_virtual_chip
from mcumatrix.model.event_counts import MODULUS, CountedLayer
from mcumatrix.model.image import FLASH
from mcumatrix.model.memory import WITHIN_PERSISTENT, ArenaKind
from mcumatrix.model.record import Accuracy, Measurement, Output, Record, SetAnswers, Status
from mcumatrix.units import MAXIMUM_DURATION_S

_COMPUTE_NOTHING = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})
"""Operators of which the output is the input under another shape: they may take no time at all."""


def contradictions_of_measurement(measurement: Measurement) -> Iterator[str]:
    """What cannot be in a measurement, each as a clause. Nothing in it counts unless there is none."""
    if measurement.clock.measured_hz <= 0:
        yield f"its clock has {measurement.clock.measured_hz} Hz"
        return
    repeats = len(measurement.total_cycles)
    if not measurement.layers or not repeats:
        yield "it has no layers or no repeats"
    for index, layer in enumerate(measurement.layers):
        if len(layer.cycles) != repeats:
            yield f"layer {index} has {len(layer.cycles)} times for {repeats} repeats"
            return
    for repeat, total_cycles in enumerate(measurement.total_cycles):
        yield from _contradictions_of_repeat(measurement, repeat, total_cycles)
    yield from _contradictions_of_memory(measurement)
    yield from _contradictions_of_events(measurement)
    yield from _contradictions_of_output(measurement.output, repeats)
    for output in measurement.further_outputs:
        yield from _contradictions_of_shape(output)
    if measurement.set_answers:
        count = len(measurement.output.values)
        wrong = [one for one in measurement.set_answers.classes if one is not None and one >= count]
        if wrong:
            yield f"it answered the class {wrong[0]}, and its output has {count} elements"


def _contradictions_of_repeat(measurement: Measurement, repeat: int, total_cycles: int) -> Iterator[str]:
    cycles = [layer.cycles[repeat] for layer in measurement.layers]
    if total_cycles <= 0:
        yield f"repeat {repeat} took {total_cycles} cycles, so that its cycle counter did not run"
    if total_cycles > measurement.clock.measured_hz * MAXIMUM_DURATION_S:
        yield f"repeat {repeat} took {total_cycles} cycles, which is more than an hour"
    for index, layer in enumerate(measurement.layers):
        if cycles[index] < 0 or (cycles[index] == 0 and layer.op not in _COMPUTE_NOTHING):
            yield (
                f"layer {index} {layer.op} took {cycles[index]} cycles in repeat {repeat}, "
                "so that its cycle counter did not run"
            )
    if sum(cycles) > total_cycles:
        yield f"the layers of repeat {repeat} took longer than the whole inference"


def _contradictions_of_memory(measurement: Measurement) -> Iterator[str]:
    kinds = measurement.arena_kinds
    whole = kinds.get(ArenaKind.NON_PERSISTENT, 0) + kinds.get(ArenaKind.PERSISTENT, 0)
    if whole > measurement.arena_bytes:
        yield f"{whole} bytes of its arena of {measurement.arena_bytes} bytes are in use"
    parts, persistent = (
        sum(kinds.get(kind, 0) for kind in WITHIN_PERSISTENT),
        kinds.get(ArenaKind.PERSISTENT, 0),
    )
    if parts > persistent:
        yield f"{parts} bytes of its arena are parts of {persistent} bytes that are persistent"
    stack = measurement.stack
    if stack and not 0 < stack.inference_bytes <= stack.deepest_bytes <= stack.size_bytes:
        yield (
            f"its stack of {stack.size_bytes} bytes was {stack.deepest_bytes} bytes deep, and an "
            f"inference took {stack.inference_bytes} of them"
        )


def _contradictions_of_events(measurement: Measurement) -> Iterator[str]:
    events = measurement.events
    if events is None:
        return
    control = f"DWT_CTRL {events.dwt_ctrl:#010x}"
    if events.has_counters and not events.inferences:
        yield f"its core has event counters ({control}), and nothing was counted"
    if events.inferences and not events.has_counters:
        yield f"its core has no event counters ({control}), and events were counted"
    for inference in events.inferences:
        what = f"the inference with period_cycles={inference.period_cycles}"
        if len(inference.layers) != len(measurement.layers):
            yield f"{what} has {len(inference.layers)} layers, and the model {len(measurement.layers)}"
        if inference.output_crc32 not in measurement.output.crc32:
            yield f"{what}, in which events were counted, has another answer than those that were timed"
        for index, layer in enumerate(inference.layers):
            for clause in _contradictions_of_counts(layer, inference.period_cycles):
                yield f"layer {index} of {what} {clause}"


def _contradictions_of_counts(layer: CountedLayer, period_cycles: int) -> Iterator[str]:
    windows = layer.interrupts + 1
    if not layer.longest_cycles <= layer.cycles <= windows * layer.longest_cycles:
        yield f"has {layer.cycles} cycles, and {layer.longest_cycles} in the longest of {windows} windows"
    most = min(layer.cycles, windows * (MODULUS - 1))
    counts = (layer.cpi, layer.exceptions, layer.sleep, layer.load_store, layer.folded)
    if max(counts) > most:
        yield f"has {max(counts)} events of a kind, and {most} are the most that can be counted"
    if period_cycles == 0 and layer.interrupts:
        yield f"was interrupted {layer.interrupts} times"


def _contradictions_of_output(output: Output, repeats: int) -> Iterator[str]:
    if len(output.crc32) != repeats:
        yield f"it has {len(output.crc32)} checksums of outputs for {repeats} repeats"
    yield from _contradictions_of_shape(output)


def _contradictions_of_shape(output: Output) -> Iterator[str]:
    if min(output.shape, default=0) <= 0 or prod(output.shape) != len(output.values):
        shape = "x".join(map(str, output.shape))
        yield f"its output of shape {shape or 'nothing'} has {len(output.values)} elements"


def contradiction_of_kind(registers: Mapping[str, int], kind: BoardKind) -> str:
    """What the registers that firmware sent say against a board being of a kind; empty if nothing.

    Older firmware, and that of other families, sends no chip id.
    """
    chip_id = registers.get(CHIP_ID_REGISTER)
    if chip_id is None or is_virtual_chip(chip_id) is (kind is BoardKind.VIRTUAL):
        return ""
    other = BoardKind.REAL if kind is BoardKind.VIRTUAL else BoardKind.VIRTUAL
    return f"the board is to be {kind}, and its chip is {other} ({CHIP_ID_REGISTER} {chip_id:#010x})"


def _contradictions_of_sizes(record: Record) -> Iterator[str]:
    if record.image is None:
        return
    sizes, measurement = record.image.sizes, record.measurement
    flash_bytes, parts = sizes.region_bytes.get(FLASH), sum(sizes.flash_bytes.values())
    if sizes.flash_bytes and parts != flash_bytes:
        yield f"the parts of its image have {parts} bytes of flash, and the image {flash_bytes}"
    if measurement and measurement.arena_bytes > sizes.ram_bytes:
        yield f"its arena has {measurement.arena_bytes} bytes, and its image {sizes.ram_bytes} bytes of RAM"


def _contradictions_of_energy(record: Record) -> Iterator[str]:
    energy = record.energy
    if energy is None:
        return
    if record.provenance.kind is BoardKind.VIRTUAL:
        yield "a virtual board draws no current, and it has an energy"
    repeats = len(record.measurement.total_cycles) if record.measurement else 0
    if len(energy.inferences_j) != (0 if energy.problem else repeats):
        yield f"it has the energy of {len(energy.inferences_j)} inferences for {repeats} repeats"


def contradictions_of_record(record: Record) -> Iterator[str]:
    """What cannot be in a record, each as a clause; those of its measurement are among them."""
    for axis in AXES:
        if axis.name in record.axes:
            try:
                axis.cell(record.axes[axis.name])
            except ValueError as error:
                yield f"its axis {axis.name} has no such value: {error}"
    is_measured = record.status in (Status.OK, Status.WRONG_OUTPUT)
    if (record.measurement is not None, record.correctness is not None) != (is_measured, is_measured):
        missing = "without" if is_measured else "with"
        yield f"its status is {record.status}, {missing} a measurement and its comparison"
        return
    provenance = record.provenance
    if provenance.kind is BoardKind.REAL and (provenance.timing_model or provenance.expected_error):
        yield f"a real board counts cycles, and it names the timing model {provenance.timing_model!r}"
    if is_measured and provenance.kind is BoardKind.VIRTUAL and not provenance.timing_model:
        yield "a virtual board has a timing model, and it names none"
    if record.image and record.flashed and record.flashed.read_back_sha256 != record.image.binary_sha256:
        yield "what was read back from flash is not its image"
    yield from _contradictions_of_energy(record)
    yield from _contradictions_of_sizes(record)
    if record.measurement is None or record.correctness is None:
        return
    measurement, correctness = record.measurement, record.correctness
    yield from contradictions_of_measurement(measurement)
    if of_kind := contradiction_of_kind(measurement.clock.registers, provenance.kind):
        yield of_kind
    clocks_hz = {record.clock_hz, measurement.clock.declared_hz, measurement.clock.measured_hz}
    if len(clocks_hz) > 1:
        yield f"its clock has {' and '.join(map(str, sorted(clocks_hz)))} Hz"
    if record.is_right is not (record.status is Status.OK):
        yield f"its status is {record.status}, and its answer {'' if record.is_right else 'not '}correct"
    is_within = isfinite(correctness.max_error) and correctness.max_error <= correctness.tolerance
    if correctness.correct and (not is_within or len(set(measurement.output.crc32)) != 1):
        yield "its answer counts as correct, and is not"
    yield from _contradictions_of_accuracy(measurement.set_answers, record.accuracy)


def _contradictions_of_accuracy(answers: SetAnswers | None, accuracy: Accuracy | None) -> Iterator[str]:
    if (answers is None) is not (accuracy is None):
        yield f"it has {'no ' if answers is None else ''}answers to a labelled set, and " + (
            "their accuracy" if accuracy else "not their accuracy"
        )
    if answers is None or accuracy is None:
        return
    samples, deviating = len(answers.classes), accuracy.deviating
    right = {"right": accuracy.correct, "right on the host": accuracy.host_correct}
    for what, count in right.items():
        if count > samples:
            yield f"{count} of {samples} samples are {what}"
    if samples > accuracy.set_samples or any(place >= accuracy.set_samples for place in deviating):
        yield f"samples were asked that a set of {accuracy.set_samples} does not have"
    if len(deviating) > samples or any(one >= other for one, other in pairwise(deviating)):
        yield "the samples whose answers differ from the host's are not in order"
    elif accuracy.other_class > len(deviating):
        yield f"{accuracy.other_class} of {len(deviating)} answers that differ have another class"
    if not accuracy.answers_sha256 and (deviating or accuracy.host_correct or accuracy.max_error):
        yield "answers were compared with those of the host, and there are none"
    if (accuracy.max_error > accuracy.tolerance) is not bool(deviating):
        yield (
            f"{len(deviating)} answers differ from the host's by more than {accuracy.tolerance:g}, and the "
            f"largest difference is {accuracy.max_error:g}"
        )
