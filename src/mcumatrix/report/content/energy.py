"""What a report says of the energy of inferences."""

from collections.abc import Sequence
from statistics import median

from mcumatrix.model.energy import Energy
from mcumatrix.model.record import Status
from mcumatrix.report.content.tables import NO_VALUE, Case, Table

_HEADER = (
    "Case",
    "energy (mJ)",
    "\u00b1 (mJ)",
    "inferences",
    "samples a second",
    "probe",
    "its accuracy",
    "remark",
)


def energy_table(cases: Sequence[Case]) -> Table | None:
    """One row for each case whose board has a current probe; None if there is none.

    Like a time, an energy counts only with a correct answer.
    """
    measured = [
        (case, energy)
        for case in cases
        if case.record and case.record.status is Status.OK and (energy := case.record.energy)
    ]
    if not measured:
        return None
    return Table(_HEADER, tuple((case.label, *_row(energy)) for case, energy in measured))


def _row(energy: Energy) -> tuple[str, ...]:
    if energy.problem:
        return (*[NO_VALUE] * 4, energy.probe, NO_VALUE, energy.problem)
    accuracy = (
        "unknown"
        if energy.accuracy_percent is None
        else f"\u00b1{energy.accuracy_percent:g} % ({energy.accuracy_source})"
    )
    return (
        f"{1e3 * median(energy.inferences_j):.4g}",
        f"{1e3 * energy.expanded_uncertainty_j:.2g}",
        str(len(energy.inferences_j)),
        f"{energy.rate_hz:.0f}",
        energy.probe,
        accuracy,
        "" if energy.accuracy_percent else "the uncertainty is that of sampling alone",
    )
