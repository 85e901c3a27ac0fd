"""A disk that is full, read-only or broken is said in a sentence whenever met, and costs nothing else."""

import errno
import functools
import os
from pathlib import Path

import pytest

from mcumatrix.errors import StorageError
from mcumatrix.storage import in_sentences
from support.disk_faults import KILLED, Try, enumerate_faults, operations

SAID = {
    errno.ENOSPC: ("its disk is full", "Make room there, and run again."),
    errno.EIO: ("its disk reports an input/output error", "Check that disk, and run again."),
}
pytestmark = pytest.mark.slow

SCENARIOS = ("RecordScenario", "ReportScenario", "ModelScenario", "BuildScenario", "SourceScenario")


@pytest.fixture(scope="module")
def tries(tmp_path_factory: pytest.TempPathFactory) -> object:
    @functools.cache
    def of(scenario: str, error: int) -> list[Try]:
        return enumerate_faults(scenario, error, tmp_path_factory.mktemp("disk"))

    return of


@pytest.mark.parametrize("error", SAID)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_disk_that_fails_at_any_operation_is_said_in_a_sentence(
    tries: object, scenario: str, error: int
) -> None:
    met = tries(scenario, error)  # type: ignore[operator]
    assert len(met) > 5
    reason, remedy = SAID[error]
    for one in met:
        assert not one.trace, f"{one.operation}\n{one.trace}"
        # What is not needed for a result may fail without a word, where the result is there.
        assert one.said or one.left == "new", one
        if one.said:
            assert reason in one.said, one
            assert one.hint.startswith(remedy.partition(",")[0]), one
            assert "Errno" not in one.said


@pytest.mark.parametrize("error", [*SAID, KILLED])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_was_there_stays_and_the_next_run_makes_the_rest(
    tries: object, scenario: str, error: int
) -> None:
    for one in tries(scenario, error):  # type: ignore[operator]
        assert one.left in {"old", "new"}, f"{one.operation}\n{one.left}"
        assert one.rerun == "new", f"{one.operation}\n{one.rerun}"


@pytest.mark.parametrize("error", SAID)
def test_a_record_is_said_to_be_lost_only_where_it_is(tries: object, error: int) -> None:
    for one in tries("RecordScenario", error):  # type: ignore[operator]
        assert bool(one.said) == (one.left == "old"), one


@pytest.mark.parametrize(
    ("number", "reason", "remedy"),
    [
        (errno.ENOSPC, "its disk is full", "Make room there, and run again."),
        (errno.EROFS, "its disk is read-only", "Make it writable (mount -o remount,rw), and run again."),
        (errno.EACCES, "the rights there do not allow it", "Give rights there, and run again."),
        (errno.EIO, "its disk reports an input/output error", "Check that disk, and run again."),
        (errno.EMFILE, "the system says: Too many open files", "Mend that, and run again."),
    ],
)
def test_the_sentence_names_the_folder_the_reason_what_is_kept_and_what_to_do(
    tmp_path: Path, number: int, reason: str, remedy: str
) -> None:
    with (
        pytest.raises(StorageError) as raised,
        in_sentences("The report could not be written", tmp_path, "All records are kept."),
    ):
        raise OSError(number, os.strerror(number), str(tmp_path / "some" / "report.md"))
    # Where no disk is to blame, it is about the file.
    place = tmp_path / "some" / "report.md" if number == errno.EMFILE else tmp_path / "some"
    assert raised.value.message == (
        f"The report could not be written: {place} cannot be used, because {reason}. All records are kept."
    )
    assert raised.value.hint == remedy


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_name_is_on_the_disk_before_anything_is_built_on_it(scenario: str, tmp_path: Path) -> None:
    """A loss of power takes names that were not written out, even where the files were."""
    done = operations(scenario, tmp_path)
    named = [at for at, (what, _) in enumerate(done) if what in {"rename", "link"}]
    assert named
    for at in named:
        folder = done[at][1].parent
        following = [(what, path) for what, path in done[at + 1 :] if what != "unlink"]
        assert following[0] == ("fsync", folder), done[at]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_file_is_on_the_disk_before_it_gets_its_name(scenario: str, tmp_path: Path) -> None:
    done = operations(scenario, tmp_path)
    for at, (what, path) in enumerate(done):
        if what in {"rename", "link"} and not path.is_dir():
            written = [step for step, _ in done[:at] if step in {"write", "fsync"}]
            assert written[-1] == "fsync", path
