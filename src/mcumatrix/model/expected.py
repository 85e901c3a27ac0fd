"""Whether a run that failed did so as a maintainer expects."""

from enum import StrEnum

from mcumatrix.model.record import Cause, Record, Status, cause_of
from mcumatrix.model.variant import Expectation, Outcome


class Stage(StrEnum):
    """How far a run came that ended without times that count."""

    BUILD = "build"
    FLASH = "flash"
    RUN = "run"
    CHECK = "check"


_STAGES = {
    Stage.BUILD: (Status.BUILD, Status.TOO_LARGE),
    Stage.RUN: (Status.SERIAL, Status.TIMEOUT, Status.PARSE, Status.FIRMWARE),
    Stage.CHECK: (Status.WRONG_OUTPUT,),
}


def stage_of(status: Status) -> Stage | None:
    """The stage that a status is of; None for `ok`, and for what was never begun."""
    if status in {Status.OK, Status.BLOCKED}:
        return None
    return next((stage for stage, statuses in _STAGES.items() if status in statuses), Stage.FLASH)


def failed_as_expected(expect: Expectation, record: Record) -> bool:
    """Whether a record is the failure that is expected."""
    return is_expected(expect, record.status, record.cause)


def is_expected(expect: Expectation, status: Status, cause: Cause | None = None) -> bool:
    """Whether a failure is the one that is expected; `cause` is what is to blame, where that is known.

    It has the status and is of the stage that are expected, where some are. Where none are, any failure will
    do that the variant is to blame for: an unplugged probe says nothing about it.
    """
    if expect.outcome is not Outcome.FAIL or status is Status.OK:
        return False
    if not expect.status and not expect.stage:
        return (cause or cause_of(status)) is not Cause.INFRASTRUCTURE
    return expect.status in {"", status} and expect.stage in {"", stage_of(status)}
