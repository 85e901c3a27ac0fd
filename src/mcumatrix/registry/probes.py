"""What tells the current of boards, by the key `energy` of their files."""

from collections.abc import Callable

from mcumatrix.model.current import EnergySetup
from mcumatrix.plugins import Kind
from mcumatrix.ports import CurrentProbe
from mcumatrix.registry.by_name import make_adapter


def _ppk2(setup: EnergySetup) -> CurrentProbe:
    from mcumatrix.adapters.probes.ppk2 import Ppk2
    from mcumatrix.stages.energy import to_file

    return Ppk2(setup, to_file)


def _recorded_trace(setup: EnergySetup) -> CurrentProbe:
    from mcumatrix.adapters.probes.recorded import RecordedTrace

    return RecordedTrace(setup)


def _otii(setup: EnergySetup) -> CurrentProbe:
    from mcumatrix.adapters.probes.otii import Otii
    from mcumatrix.stages.energy import to_file

    return Otii(setup, to_file)


def _joulescope(setup: EnergySetup) -> CurrentProbe:
    from mcumatrix.adapters.probes.jls import JlsRecording
    from mcumatrix.stages.energy import to_file

    return JlsRecording(setup, to_file)


CURRENT_PROBES: dict[str, Callable[[EnergySetup], CurrentProbe]] = {
    "csv": _recorded_trace,
    "joulescope": _joulescope,
    "otii": _otii,
    "ppk2": _ppk2,
}


def current_probe(setup: EnergySetup) -> CurrentProbe:
    """Opens what tells a board's current, by the key `energy` of its file.

    Raises:
        MatrixError: nothing is called so.
        ToolError: its package is not installed, or another package's adapter does not work.
        BoardError: the probe does not answer.
    """
    made: CurrentProbe = make_adapter(
        Kind.PROBE, CURRENT_PROBES, setup.probe, "the key energy of a board", CurrentProbe, setup
    )
    return made
