"""What writes results in the formats of other tools."""

from collections.abc import Callable

from mcumatrix.plugins import Kind
from mcumatrix.ports import Exporter
from mcumatrix.registry.by_name import make_adapter


def _asv() -> Exporter:
    from mcumatrix.adapters.exporters.asv import AsvExporter

    return AsvExporter()


def _bencher() -> Exporter:
    from mcumatrix.adapters.exporters.bencher import BencherExporter

    return BencherExporter()


def _github_action_benchmark() -> Exporter:
    from mcumatrix.adapters.exporters.github_action_benchmark import GithubActionBenchmarkExporter

    return GithubActionBenchmarkExporter()


def _latex() -> Exporter:
    from mcumatrix.adapters.exporters.latex import LatexExporter

    return LatexExporter()


def _rebench() -> Exporter:
    from mcumatrix.adapters.exporters.rebench import RebenchExporter

    return RebenchExporter()


EXPORTERS: dict[str, Callable[[], Exporter]] = {
    "asv": _asv,
    "bencher": _bencher,
    "github-action-benchmark": _github_action_benchmark,
    "latex": _latex,
    "rebench": _rebench,
}


def exporter(name: str) -> Exporter:
    """What writes results in the format of another tool.

    Raises:
        MatrixError: nothing is called so.
        ToolError: another package's exporter does not work.
    """
    made: Exporter = make_adapter(Kind.EXPORTER, EXPORTERS, name, "--format", Exporter)
    return made
