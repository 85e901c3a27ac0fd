"""What is run under the faults of `disk_faults.py`: each writes as the product does, and looks what is left.

`look` says in a word what somebody finds there afterwards, "old" or "new", and fails where that is neither.
"""

import tarfile
from pathlib import Path
from types import SimpleNamespace

from mcumatrix import actions
from mcumatrix.adapters.builders.local import LocalBuilder
from mcumatrix.artifact import is_current
from mcumatrix.hashing import hash_file
from mcumatrix.matrix.catalogues import load_catalogues
from mcumatrix.model.catalogue import Toolchain
from mcumatrix.model.image import BuildFolders, BuildPlan, ToolchainIdentity
from mcumatrix.model.record import Record
from mcumatrix.model.results import MatrixResults, group_runs
from mcumatrix.model.variant import Matrix
from mcumatrix.project import Project
from mcumatrix.results.store import RecordStore
from mcumatrix.sources.cache import Cache
from mcumatrix.sources.fetch import fetch
from mcumatrix.sources.obtain import obtain
from mcumatrix.sources.pin import Pin, read_pin
from mcumatrix.stages import build
from mcumatrix.workflow import ModelPlan
from support.variants import a_record, a_variant

ROOT = Path(__file__).parents[2]


class RecordScenario:
    """A second record is kept beside a first."""

    old, new = "e" * 64, "f" * 64

    def prepare(self, folder: Path) -> None:
        folder.mkdir()
        RecordStore(folder / "records").add(a_record(fingerprint=self.old), b"old log")

    def go(self, folder: Path) -> None:
        RecordStore(folder / "records").add(a_record(), b"new log")

    def look(self, folder: Path) -> str:
        slug = a_variant().slug
        store = RecordStore(folder / "records")
        assert store.newest(slug, self.old) is not None
        return "old" if store.newest(slug, self.new) is None else "new"


class ReportScenario:
    """A report is made anew, because there is a record now."""

    matrix = Matrix("quickstart", "Before", (), (a_variant(),))

    def prepare(self, folder: Path) -> None:
        folder.mkdir()
        self._write(folder, None)

    def go(self, folder: Path) -> None:
        self._write(folder, a_record())

    def _write(self, folder: Path, record: Record | None) -> None:
        if not (folder / "templates").exists():
            (folder / "templates").symlink_to(ROOT / "templates")
        runs = {record.variant: group_runs([record])} if record else {}
        actions.write_report(Project(folder), self.matrix, MatrixResults(runs))

    def look(self, folder: Path) -> str:
        results = folder / "results" / "quickstart"
        said = (results / "report.md").read_text()
        assert said.endswith("\n")
        assert (results / "report.csv").read_text().endswith("\n")
        return "new" if "All 1 variants were measured" in said else "old"


class ModelScenario:
    """A model is rendered in place of another."""

    def prepare(self, folder: Path) -> None:
        folder.mkdir()
        self._render(folder, "0" * 64)

    def go(self, folder: Path) -> None:
        self._render(folder, "f" * 64)

    def _render(self, folder: Path, fingerprint: str) -> None:
        plan = ModelPlan("builtin-mnist-int8", fingerprint, folder / "model")
        model = load_catalogues(ROOT / "matrix").models["mnist-int8"]
        job = SimpleNamespace(rendered=plan, variant=a_variant(model=model))
        actions.render_model(Project(ROOT), job)  # type: ignore[arg-type]

    def look(self, folder: Path) -> str:
        return "new" if is_current(folder / "model", "f" * 64) else "old"


class BuildScenario:
    """An output folder is made, as for libraries and images."""

    plan = BuildPlan(
        name="library",
        toolchain=Toolchain("path", "arm-none-eabi-"),
        fingerprint="f" * 64,
        steps=(("cp", "{inputs}/part.c", "{output}/libruntime.a"),),
        outputs=("libruntime.a",),
        cpu_flags=(),
    )

    class Builder(LocalBuilder):
        """Without a compiler that would have to be asked for its name."""

        def identity(self, toolchain: Toolchain, cpu_flags: tuple[str, ...] = ()) -> ToolchainIdentity:
            return ToolchainIdentity("a compiler", "c" * 64)

    def prepare(self, folder: Path) -> None:
        folder.mkdir()

    def go(self, folder: Path) -> None:
        build.execute(self.plan, self.Builder(folder / "cache"), self._folders(folder), {"part.c": b"int x;"})

    def _folders(self, folder: Path) -> BuildFolders:
        return BuildFolders(folder, folder / "made" / "inputs", folder / "made" / "output")

    def look(self, folder: Path) -> str:
        output = self._folders(folder).output
        if not is_current(output, self.plan.fingerprint):
            return "old"
        assert (output / "libruntime.a").read_bytes() == b"int x;"
        return "new"


class SourceScenario:
    """An archive is fetched from a mirror on this disk and unpacked."""

    def prepare(self, folder: Path) -> None:
        folder.mkdir()
        tree = folder / "source" / "top" / "part"
        tree.mkdir(parents=True)
        (tree / "a.c").write_text("int a;")
        (tree / "b.c").write_text("int b;")
        with tarfile.open(folder / "source.tar.gz", "w:gz") as archive:
            archive.add(folder / "source" / "top", "top")

    def _pin(self, folder: Path) -> Pin:
        archive = folder / "source.tar.gz"
        return read_pin("source.tar.gz", [f"file://{archive}"], f"sha256:{hash_file(archive)}")

    def go(self, folder: Path) -> None:
        pin, cache = self._pin(folder), Cache(folder / "cache")
        fetch(pin, cache)
        obtain(pin, cache)

    def look(self, folder: Path) -> str:
        from mcumatrix.sources.extract import find_tree

        tree = find_tree(self._pin(folder), Cache(folder / "cache").trees)
        if tree is None:
            return "old"
        assert (tree / "part" / "b.c").read_text() == "int b;"
        return "new"
