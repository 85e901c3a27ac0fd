"""What reads results in the formats of other tools."""

from collections.abc import Callable

from mcumatrix.plugins import Kind
from mcumatrix.ports import Importer
from mcumatrix.registry.by_name import make_adapter


def _mlonmcu() -> Importer:
    from mcumatrix.adapters.importers.mlonmcu import MlonmcuImporter

    return MlonmcuImporter()


def _mlperf_tiny() -> Importer:
    from mcumatrix.adapters.importers.mlperf_tiny import MlperfTinyImporter

    return MlperfTinyImporter()


def _st_edge_ai() -> Importer:
    from mcumatrix.adapters.importers.st_edge_ai import StEdgeAiImporter

    return StEdgeAiImporter()


def _tflm_log() -> Importer:
    from mcumatrix.adapters.importers.tflm import TflmImporter

    return TflmImporter()


IMPORTERS: dict[str, Callable[[], Importer]] = {
    "mlonmcu": _mlonmcu,
    "mlperf-tiny": _mlperf_tiny,
    "st-edge-ai": _st_edge_ai,
    "tflm": _tflm_log,
}


def importer(name: str) -> Importer:
    """What reads results in the format of another tool.

    Raises:
        MatrixError: nothing is called so.
        ToolError: another package's importer does not work.
    """
    made: Importer = make_adapter(Kind.IMPORTER, IMPORTERS, name, "the command", Importer)
    return made
