"""`merge`: results of several machines, brought together; nothing is overwritten, and nothing is believed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mcumatrix.commands.merge import merge
from mcumatrix.commands.verify import verify
from mcumatrix.errors import ExitCode, FlashError, MatrixError, MergeError, StorageError
from mcumatrix.model.inputs import Inputs
from mcumatrix.model.reproduction import REPRODUCTION_SCHEMA, Rebuild, Reproduction
from mcumatrix.model.schedule import Slot
from mcumatrix.project import Project
from mcumatrix.results import store as store_module
from mcumatrix.results.inputs import InputsStore
from mcumatrix.results.kept import newest_records
from mcumatrix.results.reproductions import ReproductionStore
from mcumatrix.results.store import RecordStore
from support.projects import a_project, add_records, forge
from support.variants import a_record, a_variant

Machine = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Where results are brought together; there are none yet."""
    return a_project(tmp_path / "here")


@pytest.fixture
def machine(tmp_path: Path, project: Project) -> Machine:
    """machine(name, kernels=cycles, ...) gives the results of another one."""

    def make(name: str, minute: int = 4, **cycles: object) -> Path:
        other = Project(tmp_path / name)
        other.root.mkdir(exist_ok=True)
        for part in ("matrix", "firmware"):
            if not (other.root / part).exists():
                (other.root / part).symlink_to(project.root / part)
        add_records(other, cycles, minute=minute)
        folder = other.results("example")
        InputsStore(folder / "inputs").keep([Inputs("image", {"of": name}), Inputs("library", {"of": "all"})])
        unit = a_variant("health_virtual")
        test = a_record(FlashError("it was off"), variant=unit, matrix="example", slot=Slot(unit=name))
        RecordStore(folder / "health").add(test, b"")
        return folder

    return make


def _merged(project: Project, *folders: Path, into: Path | None = None) -> tuple[ExitCode, list[str]]:
    lines: list[str] = []
    return merge(project, folders, into, lines.append), lines


def _refused(project: Project, *folders: Path) -> tuple[list[str], str]:
    lines: list[str] = []
    before = _contents(project.results("example"))
    with pytest.raises(MergeError) as error:
        merge(project, folders, None, lines.append)
    assert _contents(project.results("example")) == before, "nothing is written"
    assert error.value.exit_code is ExitCode.NOT_COMPARABLE
    return lines, str(error.value)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def _cycles(project: Project) -> dict[str, int]:
    kept = newest_records(project.results("example") / "records").records
    return {
        record.axes["kernels"]: record.measurement.total_cycles[0] if record.measurement else 0
        for record in kept.values()
    }


@pytest.fixture(autouse=True)
def from_the_folder_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_shares_of_two_machines_become_the_whole_and_verify(project: Project, machine: Machine) -> None:
    one, other = machine("one", reference=4_000), machine("two", simd=2_000)
    code, said = _merged(project, one, other)
    assert code is ExitCode.OK
    assert said == [
        "here/results/example: 2 records, 2 tests of units, 3 inputs of 2 folders added.",
        "`doit report example` makes the report of all of them.",
    ]
    assert _cycles(project) == {"reference": 6_165, "simd": 4_165}
    assert verify(project, "example", said.append) is ExitCode.OK
    # Each record is byte for byte the one that the machine kept.
    there = _contents(one / "records") | _contents(other / "records")
    here = _contents(project.results("example") / "records")
    assert {name: data for name, data in here.items() if name != "chain.jsonl"} == {
        name: data for name, data in there.items() if name != "chain.jsonl"
    }


def test_merging_once_more_adds_nothing_and_changes_nothing(project: Project, machine: Machine) -> None:
    one = machine("one", reference=4_000)
    _merged(project, one)
    before = _contents(project.results("example"))
    assert _merged(project, one, one)[1][0] == "here/results/example: nothing of 2 folders added."
    assert _contents(project.results("example")) == before


def test_a_contradiction_is_named_and_nothing_is_written(project: Project, machine: Machine) -> None:
    one, other = machine("one", reference=4_000), machine("two", minute=5, reference=4_001, simd=2_000)
    lines, error = _refused(project, one, other)
    (first,), (second, _) = (sorted((folder / "records").rglob("*.json")) for folder in (one, other))
    assert lines == [
        f"{first.relative_to(Path.cwd())} is ok with 6,165 and 6,165 cycles, and "
        f"{second.relative_to(Path.cwd())} is ok with 6,166 and 6,166 cycles"
    ]
    assert error == (
        "Nothing was merged: 1 of the results cannot be added.\n"
        "  Leave a folder out, restore what was changed, or merge --into another folder."
    )


def test_the_same_result_of_two_machines_is_kept_twice(project: Project, machine: Machine) -> None:
    one, other = machine("one", reference=4_000), machine("two", minute=5, reference=4_000)
    _merged(project, one, other)
    assert len(list((project.results("example") / "records").rglob("*.json"))) == 2
    assert verify(project, "example", [].append) is ExitCode.OK


def test_a_failure_is_left_out_where_there_is_a_result(project: Project, machine: Machine) -> None:
    one = machine("one", reference=4_000)
    other = machine("two", minute=5, reference=FlashError("the probe was unplugged"))
    said = _merged(project, one, other)[1]
    assert said[0].startswith("left out: two/results/example/records/")
    assert _cycles(project) == {"reference": 6_165}


def test_a_changed_file_of_any_kind_is_refused(project: Project, machine: Machine) -> None:
    one = machine("one", reference=4_000)
    for path in sorted(path for path in one.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        if not whole:
            continue
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        lines, _ = _refused(project, one)
        assert any(path.name in line for line in lines) or path.name == "chain.jsonl", lines
        path.write_bytes(whole)
    assert _merged(project, one)[0] is ExitCode.OK


def test_what_is_not_what_its_log_says_is_refused_though_every_hash_is_right(
    project: Project, machine: Machine
) -> None:
    one = machine("one", reference=4_000)
    (record,) = newest_records(one / "records").records.values()
    forge(Project(one.parents[1]), record)
    lines, _ = _refused(project, one)
    assert "is not what it was made from: measurement.layers.0.cycles.0: the record says 2000" in lines[0]


def test_a_record_under_the_name_of_another_is_refused(project: Project, machine: Machine) -> None:
    """Whoever makes a chain anew can have it name anything."""
    one = machine("one", reference=4_000)
    records = one / "records"
    (kept,) = records.rglob("*.json")
    moved = records / "elsewhere"
    kept.parent.rename(moved)
    (records / "chain.jsonl").unlink()
    path = moved / kept.name
    store_module.Chain(records / "chain.jsonl").add(f"elsewhere/{path.name}", store_module.hash_file(path))
    lines, _ = _refused(project, one)
    assert lines == [
        f"one/results/example/records/elsewhere/{path.name}: it is another record, "
        f"{path.stem} of {kept.parent.name}"
    ]


def test_what_a_killed_run_has_left_is_no_result_and_in_nobodys_way(
    project: Project, machine: Machine
) -> None:
    one = machine("one", reference=4_000)
    records = one / "records"
    (variant,) = (path for path in records.iterdir() if path.is_dir())
    (variant / "20260102T030500.000000Z-ffffffffffff.log").write_bytes(b"raw")
    with (records / "chain.jsonl").open("ab") as file:
        file.write(b'{"number": 2')
    assert _merged(project, one)[0] is ExitCode.OK
    assert verify(project, "example", [].append) is ExitCode.OK


def test_reproductions_are_brought_together(project: Project, machine: Machine) -> None:
    folders = [machine("one", reference=4_000), machine("two", simd=2_000)]
    for second, folder in enumerate(folders):
        found = Reproduction(
            schema=REPRODUCTION_SCHEMA,
            fingerprint="f" * 64,
            variant="a",
            elf_sha256="e" * 64,
            rebuilds=(Rebuild("local", "e" * 64, ""),),
            finished_at=f"2026-01-02T03:04:0{second}.000000Z",
        )
        ReproductionStore(folder / "reproductions").add(found)
    assert "2 reproductions" in _merged(project, *folders)[1][0]
    store = ReproductionStore(project.results("example") / "reproductions")
    newest = store.newest("a", "f" * 64)
    assert newest and newest.finished_at == "2026-01-02T03:04:01.000000Z"
    other = next((folders[0] / "reproductions" / "a").iterdir())
    other.write_bytes(other.read_bytes().replace(b"local", b"other"))
    lines, _ = _refused(project, folders[0])
    assert lines == [
        f"here/results/example/reproductions/a/{other.name} and one/results/example/reproductions/a/"
        f"{other.name} have the same name and other contents"
    ]
    other.write_bytes(b"{}")
    assert _refused(project, folders[0])[0][0].endswith(": it is no reproduction")


def test_results_can_be_brought_elsewhere(project: Project, machine: Machine, tmp_path: Path) -> None:
    said = _merged(project, machine("one", reference=4_000), into=tmp_path / "all")[1]
    assert said == ["all: 1 records, 1 tests of units, 2 inputs of 1 folder added."]
    assert verify(project, str(tmp_path / "all"), said.append) is ExitCode.OK
    assert not project.results("example").exists()


def test_folders_that_cannot_be_merged_are_refused(
    project: Project, machine: Machine, tmp_path: Path
) -> None:
    one = machine("one", reference=4_000)
    with pytest.raises(MatrixError) as error:
        _merged(project, one, tmp_path / "here")
    assert str(error.value) == (
        "here is no folder of results: it has no records\n"
        "  Name one such as results/quickstart of another machine."
    )
    _merged(project, one)
    with pytest.raises(MatrixError) as error:
        _merged(project, one, project.results("example"))
    assert str(error.value) == (
        "here/results/example is where results are brought to, and one of the folders as well\n"
        "  Name the folders of other machines only."
    )
    RecordStore(tmp_path / "other" / "records").add(a_record(matrix="other"), b"")
    with pytest.raises(MatrixError) as error:
        _merged(project, one, tmp_path / "other")
    assert str(error.value) == (
        "these are results of several matrices: example (one/results/example/health) and other "
        "(other/records)\n  Merge each by itself."
    )
    shutil.rmtree(tmp_path / "other")
    RecordStore(tmp_path / "other" / "records").add(a_record(matrix="../../x"), b"")
    with pytest.raises(MatrixError, match=r"a record has '../../x' as its matrix, which can be none"):
        _merged(project, tmp_path / "other")


def test_a_folder_without_records_whose_name_is_no_matrix_is_refused(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "a\nb" / "records").mkdir(parents=True)
    with pytest.raises(MatrixError) as error:
        _merged(project, tmp_path / "a\nb")
    assert error.value.message == (
        "'a\\nb' has no records that say of which matrix they are, and is called as none is"
    )
    assert error.value.hint == "Name the folder first that is called like the matrix."


def test_a_file_that_cannot_be_read_is_said_and_nothing_is_written(
    project: Project, machine: Machine, tmp_path: Path
) -> None:
    one = machine("one", reference=4_000)
    # No file, whoever asks: tests may run as root, who may read all.
    odd = one / "inputs" / "odd.json"
    odd.mkdir()
    with pytest.raises(StorageError) as error:
        _merged(project, one)
    assert str(error.value) == (
        f"Results could not be merged: {odd} cannot be used, because the system says: Is a directory. "
        "Nothing was written.\n  Mend that, and run again."
    )
    assert not (tmp_path / "here" / "results" / "example" / "records").exists()


class _Killed(BaseException):
    """Ends everything, as a kill does: nothing is put in order."""


def test_wherever_a_merge_is_killed_results_are_whole_and_the_next_completes_them(
    project: Project, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = machine("one", reference=4_000)
    wanted_in = project.root.parent / "wanted"
    _merged(project, folder, into=wanted_in)
    steps = [(store_module, "write_atomically"), (store_module.Chain, "add"), (store_module, "_give_name")]
    killed = 0
    while True:
        into = project.root.parent / f"killed{killed}"
        with monkeypatch.context() as patch:
            left = [killed]
            for place, name in steps:
                patch.setattr(place, name, _ending(getattr(place, name), left))
            try:
                _merged(project, folder, into=into)
            except _Killed:
                pass
            else:
                break
        problems: list[str] = []
        if any(into.rglob("chain.jsonl")):
            verify(project, str(into), problems.append)
        assert not [line for line in problems if "no record belongs" not in line and "files are" not in line]
        _merged(project, folder, into=into)
        assert _contents(into) == _contents(wanted_in)
        killed += 1
    assert killed == 2 * 4 + 2, "a record and a test, each in four steps, and two files of inputs"


def _ending(do: Callable[..., object], left: list[int]) -> Callable[..., object]:
    def step(*arguments: object, **options: object) -> object:
        if not left[0]:
            raise _Killed
        left[0] -= 1
        return do(*arguments, **options)

    return step
