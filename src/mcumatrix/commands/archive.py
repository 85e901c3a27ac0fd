"""`doit archive`: results and all that they were made from in one file; and the check of such a file."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mcumatrix import registry
from mcumatrix.artifact import make_atomically, write_atomically
from mcumatrix.commands.archive_contents import Contents, contents_of
from mcumatrix.commands.verify import check_all, conclude, last_records
from mcumatrix.errors import ChangedResultError, ExitCode, MatrixError, NothingSelectedError, ResultError
from mcumatrix.hashing import hash_file
from mcumatrix.matrix.load import find_matrix
from mcumatrix.ports import SignatureChecker
from mcumatrix.project import Project
from mcumatrix.results.archive import ENDING, SUMS, check_sums, write_archive
from mcumatrix.results.provenance import ENDING as STATEMENTS
from mcumatrix.results.provenance import problem_of_statement
from mcumatrix.results.verification import Checked
from mcumatrix.sources.extract import unpack
from mcumatrix.sources.pin import ArchiveKind
from mcumatrix.sources.safety import UnsafeError
from mcumatrix.sources.tree import list_tree
from mcumatrix.storage import in_sentences

_KEPT = "What was there before is as it was."
_GET_AGAIN = "Get it once more from where it comes from."


def archive(
    project: Project, name: str, output: str, say: Callable[[str], None], sign_with: Path | None = None
) -> Path:
    """Makes `output`, or NAME.tar.gz in this folder, of the results of a matrix; says what is left out.

    The file appears when it is complete and has been read back and checked. With a key, `output`.sig is made
    beside it.

    Raises:
        MatrixError: there is no such matrix, or `output` does not end with .tar.gz.
        NothingSelectedError: it has no results.
        ChangedResultError: a file is not as it was made, each of which is named.
        StorageError: a file cannot be read or written.
        ToolError: it cannot be signed; the archive is there then.
    """
    if sign_with:
        registry.signers.signer().require()
    path = Path(output or f"{find_matrix(name, project.matrix_folders).stem}{ENDING}")
    if not path.name.endswith(ENDING) or path.name == ENDING:
        raise MatrixError(f"{path} is no name for an archive", hint=f"It ends with {ENDING}.")
    contents = make_archive(project, name, path, say)
    say(f"{path}: {len(contents.files)} files, SHA-256 {hash_file(path)}")
    if sign_with:
        signature = sign_archive(path, sign_with)
        say(f"{path.with_name(signature.name)}: its signature")
    return path


def make_archive(project: Project, name: str, path: Path, say: Callable[[str], None]) -> Contents:
    """Makes the archive of a matrix, and returns what is in it; says what is left out.

    Raises as `archive` does.
    """
    matrix = find_matrix(name, project.matrix_folders).stem
    folder = project.results(matrix)
    with in_sentences(f"The archive {path} could not be made", path.absolute().parent, _KEPT):
        checked = check_all(project, folder)
        records = last_records(folder)
        _require_whole(checked, bool(records), matrix, say)
        contents = contents_of(project, name, checked, records)
        _write(path.absolute(), matrix, contents.files)
    for sentence in contents.left_out:
        say(sentence)
    return contents


def sign_archive(archive: Path, key: Path) -> Path:
    """Signs an archive; returns the file of the signature.

    Raises:
        StorageError: a file cannot be read or written.
        ToolError: it cannot be signed with this key.
    """
    signer = registry.signers.signer()
    signature = signature_of(archive.absolute(), signer)
    with in_sentences(f"{archive} could not be signed", signature.parent, "The archive is there."):
        write_atomically(signature, signer.sign(archive, key))
    return signature


def signature_of(archive: Path, checker: SignatureChecker) -> Path:
    """Where the detached signature of an archive is: beside it."""
    return archive.with_name(f"{archive.name}{checker.ending}")


def _require_whole(
    checked: list[Checked], has_records: bool, matrix: str, say: Callable[[str], None]
) -> None:
    if any(one.problem for one in checked):
        conclude(checked, say)
        raise ChangedResultError(
            f"the results of {matrix} are not archived: they are not as they were made",
            hint="Restore what is named above, or make it again: `doit report` makes reports.",
        )
    if not has_records:
        raise NothingSelectedError(
            f"there are no results of {matrix}", hint=f"`doit matrix {matrix}` makes them."
        )


def _write(path: Path, top: str, files: dict[str, Path | bytes]) -> None:
    def check(aside: Path) -> None:
        if wrong := [one for one in check_archive(aside) if one.problem]:
            raise ResultError(
                f"The archive {path} was not made: {wrong[0].path}: {wrong[0].problem}",
                hint="Something was changed while it was being archived. Run it again.",
            )

    make_atomically(path, lambda file: write_archive(file, top, files), check=check)


def verify_archive(
    path: Path,
    say: Callable[[str], None],
    signed_by: Path | None = None,
    trusted_root: Path | None = None,
) -> ExitCode:
    """Checks an archive, which is unpacked into a folder that is removed again; names what was changed.

    With `signed_by`, a file of allowed signers, says who of them vouches for it: with an SSH key, or to
    Sigstore where there is a `trusted_root` of that. Nothing of an archive is unpacked for which nobody does.

    Raises:
        NothingSelectedError: it is not there.
        SignatureError: nobody of the allowed signers has signed it.
        ChangedResultError: it cannot be unpacked.
        StorageError: there is no room to unpack it.
        ToolError, MatrixError: signatures cannot be checked here, or a file that says by what is not there.
    """
    _require_there(path)
    vouched = None
    if signed_by:
        unchecked = f"The signature of {path} could not be checked"
        with in_sentences(unchecked, path.absolute().parent, "Nothing was unpacked."):
            checker = registry.signers.signature_checker(trusted_root)
            vouched = checker.vouched(path, signature_of(path, checker), signed_by)
    code = conclude(check_archive(path), say)
    if vouched:
        say(f"It was signed by {vouched}.")
    return code


def _require_there(path: Path) -> None:
    if not path.is_file():
        raise NothingSelectedError(f"there is no archive {path}", hint="`doit archive` makes one.")


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder of an archive's project, unpacked until this ends, with every file as it was made.

    Raises:
        NothingSelectedError: it is not there.
        ChangedResultError: it cannot be unpacked, or a file was changed, which is named.
        StorageError: there is no room to unpack it.
    """
    _require_there(path)
    with _tree_of(path) as tree:
        if wrong := [one for one in _check_tree(tree) if one.problem]:
            raise ChangedResultError(
                f"{path} is not as it was made: {wrong[0].path}: {wrong[0].problem}", hint=_GET_AGAIN
            )
        yield tree


def check_archive(path: Path) -> list[Checked]:
    """Every file of an archive against its hashes, and then results and images as `doit verify` does it.

    Paths are those below the folder that is in the archive. Raises as `verify_archive` does.
    """
    with _tree_of(path) as tree:
        return _check_tree(tree)


@contextmanager
def _tree_of(path: Path) -> Iterator[Path]:
    with ExitStack() as stack:
        temporary = Path(tempfile.gettempdir())
        with in_sentences(f"{path.name} could not be checked", temporary, "It is as it was."):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mcumatrix-archive-"))
            tree = Path(folder) / "tree"
            try:
                unpack(path, ArchiveKind.TAR_GZ, tree)
            except UnsafeError as error:
                raise ChangedResultError(f"{path} is not as it was made: {error}", hint=_GET_AGAIN) from error
        yield tree


def _check_tree(tree: Path) -> list[Checked]:
    found = {
        name: what.removeprefix("program ").removeprefix("file ")
        for name, what in list_tree(tree).items()
        if what != "folder" and name != SUMS
    }
    sums = tree / SUMS
    checked = list(check_sums(sums.read_bytes() if sums.is_file() else None, found))
    if any(one.problem for one in checked):
        return checked
    project = Project(tree)
    inside = [
        one
        for results in sorted((tree / "results").glob("*/records"))
        for one in check_all(project, results.parent)
    ]
    # A report alone proves nothing.
    if not any(one.path.suffix == ".json" and one.path.parts[-3] == "records" for one in inside):
        inside.append(Checked(tree / "results", "no records are in it"))
    statements = sorted((tree / "provenance").glob(f"*{STATEMENTS}"))
    inside += (Checked(path, problem_of_statement(path, tree)) for path in statements)
    wrong = [
        Checked(one.path.relative_to(tree), one.problem.replace(f"{tree}/", ""))
        for one in inside
        if one.problem
    ]
    named = {one.path for one in wrong}
    return [one for one in checked if one.path not in named] + wrong
