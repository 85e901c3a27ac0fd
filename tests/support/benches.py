"""What runs need, without compilers and boards: images are files, and what ends a run is up to the test."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from mcumatrix import running
from mcumatrix.executors.runs import Runs
from mcumatrix.health import Health
from mcumatrix.model.image import Image
from mcumatrix.model.record import Correctness
from mcumatrix.model.variant import Matrix, Variant
from mcumatrix.registry.boards import Boards
from mcumatrix.results.store import RecordStore
from mcumatrix.running import Bench
from mcumatrix.stages.retry import Retries
from support.variants import an_image


@dataclass(frozen=True)
class FakeImage:
    folders = SimpleNamespace(output=Path("/nowhere"))

    def is_done(self) -> bool:
        return True


@dataclass(frozen=True)
class FakeJob:
    variant: Variant
    run_fingerprint: str = "f" * 64
    image: FakeImage = FakeImage()


def a_bench(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    runs: Runs,
    boards: Boards,
    *,
    variant: Variant,
    test: Variant | None,
    retries: Retries | None = None,
    say: Callable[[str], None] = lambda _line: None,
    image: Image | None = None,
) -> Bench:
    """Keeps records below a folder, and makes no pauses; `test` tests the units of the variant's board."""
    monkeypatch.setattr(running, "image_of", lambda _job: image or an_image())
    monkeypatch.setattr(running, "warning_of", lambda _job: "")
    monkeypatch.setattr(running, "kernel_facts_of", lambda _job: None)
    monkeypatch.setattr(running, "name_sources", lambda measurement, _elf: measurement)
    monkeypatch.setattr(running, "check_answer", lambda *_: Correctness(True, 0.0, 0.0, "d" * 64))
    monkeypatch.setattr(running.registry.answers, "golden_case", lambda _model: None)
    monkeypatch.setattr(running.registry.revisions, "project_revision", lambda _folder: {})
    # Logs of these runs hold nothing; what a log proves has tests of its own.
    monkeypatch.setattr("mcumatrix.health.differences_from_log", lambda *_: [])
    jobs = {variant.board.name: FakeJob(test)} if test else {}
    return Bench(
        Matrix("two", "", (), (variant,)),
        RecordStore(folder / "records"),
        boards,
        runs,
        Health(jobs, RecordStore(folder / "health")),  # type: ignore[arg-type] # as far as tests of units go
        retries or Retries(),
        say,
        lambda _pause_s: False,
    )
