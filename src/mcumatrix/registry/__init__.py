"""Names to adapters. Each is imported when it is asked for, so that a command loads only what it uses."""

from mcumatrix.registry import (
    answers,
    boards,
    builders,
    consoles,
    exporters,
    flashers,
    importers,
    models,
    probes,
    revisions,
    runtimes,
    signers,
    sources,
)

__all__ = [
    "answers",
    "boards",
    "builders",
    "consoles",
    "exporters",
    "flashers",
    "importers",
    "models",
    "probes",
    "revisions",
    "runtimes",
    "signers",
    "sources",
]
