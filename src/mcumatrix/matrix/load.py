"""Finds matrix files and reads them."""

from pathlib import Path

from mcumatrix.errors import MatrixError
from mcumatrix.matrix.expand import expand
from mcumatrix.matrix.flags import RefusedError
from mcumatrix.matrix.instead import CanBeHad, always
from mcumatrix.matrix.reader import read_document
from mcumatrix.matrix.schema.matrix_file import MatrixFile
from mcumatrix.matrix.schema.names import check_name
from mcumatrix.matrix.suggest import did_you_mean, shown
from mcumatrix.matrix.validate import validated
from mcumatrix.model.catalogue import Catalogues
from mcumatrix.model.variant import Matrix
from mcumatrix.overlay import Folders, entries, layers


def find_matrix(name_or_path: str, folders: Folders) -> Path:
    """The matrix file that a person names: `quickstart` in `folders`, or a path such as `other/mine.yaml`.

    Raises:
        MatrixError: there is none.
    """
    names = {path.stem: path for path in entries(folders, "*.yaml")}
    places = (folder / name_or_path for folder in layers(folders))
    for path in (names.get(name_or_path), *places, Path(name_or_path)):
        if path is not None and path.suffix in (".yaml", ".yml") and _is_file(path):
            return path
    own = layers(folders)[0]
    hint = did_you_mean(Path(name_or_path).stem, names, known="There are")
    raise MatrixError(f"there is no matrix {shown(name_or_path)}", hint=hint or f"Write one in {own}.")


def load_matrix(path: Path, catalogues: Catalogues, can_be_had: CanBeHad = always) -> Matrix:
    """Reads a matrix file and makes its variants; `can_be_had` is asked where a toolchain has a substitute.

    Raises:
        MatrixError: the file is wrong; the message has every problem that was found, with line and column.
    """
    try:
        check_name(path.stem)
    except RefusedError as error:
        message = f"{path}: a matrix cannot be called {shown(path.stem)}: {error}"
        raise MatrixError(message, hint=error.hint) from error
    document = read_document(path)
    return expand(validated(MatrixFile, document), document, catalogues, can_be_had)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A name that no file can have, such as one of 300 characters.
        return False
