"""Agree: whether what was made again is what somebody published, and where it is not, how it differs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from mcumatrix.model.catalogue import BoardKind
from mcumatrix.model.image import Image
from mcumatrix.model.record import ImageFacts, Measurement, Provenance, Record
from mcumatrix.model.reproduction import Outcome
from mcumatrix.stages.compare import first_difference


def image_difference(theirs: ImageFacts, their_elf: Path | None, ours: Image) -> str:
    """How our image differs from theirs, in a phrase: its first section and symbol if theirs is at hand, else
    what its record says of it."""
    if their_elf is not None:
        return first_difference(their_elf, ours.elf)
    sizes = list(_size_differences(theirs, ours))
    if sizes:
        return f"where it differs is not known without theirs; {', '.join(sizes)}"
    return "where it differs is not known without theirs; all sizes are the same"


def _size_differences(theirs: ImageFacts, ours: Image) -> Iterator[str]:
    there, here = theirs.sizes, ours.sizes
    sizes = {
        "text": (there.text_bytes, here.text_bytes),
        "data": (there.data_bytes, here.data_bytes),
        "bss": (there.bss_bytes, here.bss_bytes),
        **{
            f"in {region}": (there.region_bytes.get(region, 0), here.region_bytes.get(region, 0))
            for region in {**there.region_bytes, **here.region_bytes}
        },
    }
    for name, (their_bytes, our_bytes) in sizes.items():
        if their_bytes != our_bytes:
            yield f"{name}: {their_bytes} bytes there, {our_bytes} here"


def toolchain_difference(theirs: ImageFacts, ours: Image) -> str:
    """How the compilers of two images differ, in a phrase; empty where they are the same."""
    there, here = theirs.toolchain, ours.toolchain
    if there.sha256 == here.sha256:
        return ""
    if there.version == here.version:
        return f"the compiler: {there.version} both, and its files are others"
    return f"the compiler: {there.version} there, {here.version} here"


def compare_cycles(theirs: Record, ours: Record) -> tuple[Outcome, str, tuple[str, ...]]:
    """The outcome for two results of one image, how far their cycles are apart, and what else differs.

    Cycles are the same if each repeat of each layer and of the whole has the same, for as many repeats as
    both have.
    """
    conditions = tuple(_conditions(theirs, ours))
    if theirs.measurement is None or ours.measurement is None:
        who = "theirs" if theirs.measurement is None else "ours"
        failed = theirs if theirs.measurement is None else ours
        return Outcome.SAME_IMAGE, f"{who} has no times: {failed.status}: {failed.reason}", conditions
    apart = _apart(theirs.measurement, ours.measurement)
    # Where nothing is apart, it does not matter what else is not the same.
    return (Outcome.OTHER_CYCLES, apart, conditions) if apart else (Outcome.SAME, "", ())


def is_explained(theirs: Provenance, conditions: Sequence[str]) -> bool:
    """Whether cycles of one image may differ: something else does, or each specimen has its own."""
    return bool(conditions) or theirs.kind is BoardKind.REAL


def _apart(theirs: Measurement, ours: Measurement) -> str:
    there, here = _by_name(theirs), _by_name(ours)
    if list(there) != list(here):
        return f"the layers are {', '.join(there)} there and {', '.join(here)} here"
    if all(_same(there[name], here[name]) for name in there):
        return ""
    total, *layers = (
        (name, (median(here[name]) - median(there[name])) / (median(there[name]) or 1)) for name in there
    )
    said = f"{total[1] * 100:+.3f} % in total"
    most = max(layers, key=lambda layer: abs(layer[1]))
    return f"{said}, most on {most[0]}, {most[1] * 100:+.3f} %" if most[1] else said


def _by_name(measurement: Measurement) -> dict[str, tuple[int, ...]]:
    """Cycles of each repeat: of the whole first, then by layer."""
    layers = {f"layer {n}, {layer.op}": layer.cycles for n, layer in enumerate(measurement.layers)}
    return {"total": measurement.total_cycles, **layers}


def _same(theirs: Sequence[int], ours: Sequence[int]) -> bool:
    return all(one == other for one, other in zip(theirs, ours, strict=False))


def _conditions(theirs: Record, ours: Record) -> Iterator[str]:
    there, here = _said(theirs), _said(ours)
    for name in dict.fromkeys((*there, *here)):
        one, other = there.get(name, ""), here.get(name, "")
        if one != other:
            yield f"{name}: {one or 'none'} there, {other or 'none'} here"


def _said(record: Record) -> Mapping[str, str]:
    """What cycles depend on besides the image."""
    provenance = record.provenance
    said = {
        "board": provenance.board,
        "kind of board": provenance.kind.value,
        "timing model": provenance.timing_model,
        "clock": f"{record.clock_hz} Hz",
    }
    if record.measurement:
        said["warm-up"] = str(record.measurement.warmup)
    return {**said, **provenance.tools}
