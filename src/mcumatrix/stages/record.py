"""Record: how a run went, put together with everything that a reader needs to believe it."""

from datetime import UTC, datetime

from mcumatrix.errors import (
    BlockedError,
    BoardError,
    BuildError,
    ConsoleError,
    ConsoleTimeoutError,
    FirmwareError,
    FlashError,
    McuMatrixError,
    ModelError,
    ParseError,
    RenderError,
    TooLargeError,
)
from mcumatrix.model.energy import Energy
from mcumatrix.model.image import Image
from mcumatrix.model.kernels import Compiled, KernelFacts
from mcumatrix.model.record import (
    RECORD_SCHEMA,
    Accuracy,
    Cause,
    Correctness,
    Flashed,
    ImageFacts,
    Measurement,
    Provenance,
    Record,
    Status,
    cause_of,
)
from mcumatrix.model.schedule import FIRST, Slot
from mcumatrix.model.variant import Variant
from mcumatrix.stages.build import flags_of

_STATUSES: tuple[tuple[type[McuMatrixError], Status], ...] = (
    (TooLargeError, Status.TOO_LARGE),
    (BuildError, Status.BUILD),
    (ModelError, Status.BUILD),
    (RenderError, Status.BUILD),
    (BoardError, Status.NO_BOARD),
    (BlockedError, Status.BLOCKED),
    (ConsoleTimeoutError, Status.TIMEOUT),
    (ConsoleError, Status.SERIAL),
    (FirmwareError, Status.FIRMWARE),
    (ParseError, Status.PARSE),
)
"""More special errors first."""


def status_of(error: McuMatrixError) -> Status | None:
    """The status of a run that ended with an error; None where the error is not that of a variant."""
    if isinstance(error, FlashError):
        return Status(error.fault)
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), None)


def cause_of_error(error: McuMatrixError, fault: str = "") -> Cause | None:
    """What is to blame for a run that ended with an error; `fault` is what the board itself noticed of it."""
    status = status_of(error) or Status.BUILD
    if status is Status.TIMEOUT and fault:
        # It was silent because it had stopped, and said why in its own way.
        return Cause.TARGET
    return cause_of(status)


def make_record(
    outcome: tuple[Measurement, Correctness] | McuMatrixError,
    *,
    accuracy: Accuracy | None = None,
    energy: Energy | None = None,
    matrix: str,
    variant: Variant,
    fingerprint: str,
    provenance: Provenance,
    image: Image | None,
    flashed: Flashed | None = None,
    warning: str = "",
    fault: str = "",
    earlier: tuple[str, ...] = (),
    facts: KernelFacts | None = None,
    slot: Slot = FIRST,
    order: str = "",
) -> Record:
    """The record of a run that ended now. Its raw log is added when it is kept.

    `accuracy` is that of the answers to the labelled set, if it was asked; `energy` likewise. `fault` is
    what the board itself noticed of a failure. `earlier` has the names of the records of attempts that came
    before it. `facts` are what the kernels of its runtime say of themselves, if they were asked.
    """
    measurement: Measurement | None = None
    correctness: Correctness | None = None
    if isinstance(outcome, McuMatrixError):
        status, reason = status_of(outcome) or Status.BUILD, outcome.message
        cause = cause_of_error(outcome, fault)
    else:
        measurement, correctness = outcome
        status, reason = outcome_of(correctness, accuracy)
        cause = cause_of(status)
    return Record(
        schema=RECORD_SCHEMA,
        fingerprint=fingerprint,
        matrix=matrix,
        variant=variant.slug,
        axes=variant.axes,
        clock_hz=variant.clock_hz,
        expected=variant.expect.outcome,
        expected_reason=variant.expect.reason,
        status=status,
        reason=reason,
        finished_at=utc_now(),
        provenance=provenance,
        image=_facts(image) if image else None,
        flashed=flashed,
        measurement=measurement,
        correctness=correctness,
        warning=warning,
        cause=cause,
        attempt=len(earlier) + 1,
        earlier=earlier,
        flaky=bool(earlier) and status is Status.OK,
        slot=slot,
        order=order,
        settings=variant.settings,
        compiled=compiled_as(variant, facts),
        float_functions=facts.float_functions if facts else None,
        accuracy=accuracy if measurement else None,
        energy=energy if measurement else None,
    )


_NAMED = 5
"""How many samples are named that were answered wrong."""


def outcome_of(correctness: Correctness, accuracy: Accuracy | None = None) -> tuple[Status, str]:
    """The status of a run that has a measurement, and the reason where it is not ok.

    An answer to the labelled set that is not the host's is as wrong as one to the built-in input; one that is
    not the label's is the model's affair.
    """
    if correctness.correct and accuracy and accuracy.deviating:
        return Status.WRONG_OUTPUT, _deviation(accuracy)
    if correctness.correct:
        return Status.OK, ""
    if correctness.max_error > correctness.tolerance:
        off = f"the answer is off by {correctness.max_error:g}"
        return Status.WRONG_OUTPUT, f"{off}, and {correctness.tolerance:g} is allowed"
    return Status.WRONG_OUTPUT, "the repeats gave different answers, or answered another input"


def _deviation(accuracy: Accuracy) -> str:
    places = accuracy.deviating
    more = f" and {len(places) - _NAMED:,} more" if len(places) > _NAMED else ""
    answers, samples = ("answers", "samples") if len(places) > 1 else ("answer", "sample")
    return (
        f"{len(places):,} {answers} to the labelled set not as on the host, off by up to "
        f"{accuracy.max_error:g} where {accuracy.tolerance:g} is allowed: "
        f"{samples} {', '.join(map(str, places[:_NAMED]))}{more}"
    )


def utc_now() -> str:
    """The time in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _facts(image: Image) -> ImageFacts:
    return ImageFacts(
        build_id=image.build_id,
        elf_sha256=image.elf_sha256,
        binary_sha256=image.binary_sha256,
        sizes=image.sizes,
        toolchain=image.toolchain,
    )


def compiled_as(variant: Variant, facts: KernelFacts | None) -> Compiled:
    """How the runtime's library of a variant is compiled; `facts` are what was found out of its sources."""
    definitions = facts.definitions if facts else ()
    return Compiled(
        (*(f"-D{text}" for text in definitions), *flags_of(variant)), facts.unset if facts else ()
    )
