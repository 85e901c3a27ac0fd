"""The energy of inferences, worked out from the current that a board drew."""

from dataclasses import dataclass
from math import hypot
from typing import Annotated

from annotated_types import Ge, Gt, Len

from mcumatrix.model.bounds import MAX_REPEATS, Sha256, Word
from mcumatrix.model.image import KEPT

_Positive = Annotated[float, Gt(0)]


@dataclass(frozen=True, slots=True)
class Energy:
    """The energy of each timed inference, or `problem`: why the trace does not give it, as a sentence.

    `inferences_j` are in joules, one for each repeat. `rate_hz` is the probe's. `sampling_j` is the standard
    uncertainty of one inference's energy that comes from where its two edges lie between samples, `probe_j`
    that of the median from the probe's accuracy (None where nobody said how accurate it is), both in joules.
    `trace_sha256` is that of the trace beside the log, empty where the probe gave none.
    """

    __pydantic_config__ = KEPT

    probe: Word
    limit_a: _Positive
    accuracy_percent: Annotated[float, Ge(0)] | None = None
    accuracy_source: str = ""
    inferences_j: Annotated[tuple[_Positive, ...], Len(0, MAX_REPEATS)] = ()
    rate_hz: Annotated[float, Ge(0)] = 0.0
    sampling_j: Annotated[float, Ge(0)] = 0.0
    probe_j: Annotated[float, Ge(0)] | None = None
    trace_sha256: Sha256 | None = None
    problem: str = ""

    @property
    def expanded_uncertainty_j(self) -> float:
        """Of the median, with the coverage factor 2 (GUM 6.2.1), in joules.

        That of sampling is taken as it is for one inference: repeats of a board whose cycles are the same
        each time fall between samples in the same way.
        """
        return 2 * hypot(self.sampling_j, self.probe_j or 0.0)
