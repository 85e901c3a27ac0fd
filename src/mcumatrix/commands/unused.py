"""Why finished results that are there are not used: they were made from something else."""

from collections.abc import Iterable

from mcumatrix.errors import ResultError
from mcumatrix.model.record import Record
from mcumatrix.model.reproduction import in_short
from mcumatrix.project import Project
from mcumatrix.results.inputs import FOLDER as INPUTS
from mcumatrix.results.inputs import InputsStore
from mcumatrix.results.kept import newest_records
from mcumatrix.stages.inputs import input_differences
from mcumatrix.workflow import Job

_NOT_KNOWN = ("which ones is not known, because those of the results were not kept",)


def why_not_used(project: Project, matrix: str, jobs: Iterable[Job]) -> tuple[str, ...]:
    """Sentences about results of variants that are to be run, each with the inputs that differ.

    Nothing for variants that have no result, or one of their present inputs that did not end well.
    """
    folder = project.results(matrix)
    jobs = tuple(jobs)
    if not jobs:
        return ()
    try:
        records = newest_records(folder / "records").records
    except ResultError:  # said by who reads them to use them
        return ()
    store = InputsStore(folder / INPUTS)
    counted: dict[tuple[str, ...], int] = {}
    for job in jobs:
        record = records.get(job.variant.slug)
        if record is not None and record.fingerprint != job.run_fingerprint:
            differing = _differing(job, record, store)
            counted[differing] = counted.get(differing, 0) + 1
    return tuple(
        f"Results of {count} variants are not used, because other inputs are here: {in_short(differing)}."
        for differing, count in counted.items()
    )


def _differing(job: Job, record: Record, store: InputsStore) -> tuple[str, ...]:
    there = store.find(record.fingerprint)
    if there is None:
        return _NOT_KNOWN
    here = {inputs.fingerprint: inputs for inputs in job.inputs}
    found = input_differences(there, job.run, lambda of: here.get(of) or store.find(of))
    return tuple(map(str, found)) or _NOT_KNOWN
