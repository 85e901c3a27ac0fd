"""What results were made from, by name, kept beside them: who gets another image can see which input differs.

results/<matrix>/inputs/<fingerprint>.json

A file has the `Inputs` of one stage, and its name is its SHA-256. What one stage took from another is there
by its fingerprint, so that the run of a variant leads to its image, that to its libraries, and those to every
source file, flag and compiler. A record leads to it by its own fingerprint.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from mcumatrix.artifact import write_atomically
from mcumatrix.errors import ResultError
from mcumatrix.hashing import hash_bytes
from mcumatrix.model.inputs import Inputs
from mcumatrix.storage import place_of, reason_of, remedy_of

FOLDER = "inputs"
"""Where they are, below the results of a matrix."""


class InputsStore:
    """The inputs of one matrix's results, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, stages: Iterable[Inputs]) -> None:
        """Keeps the inputs of some stages; what is there already stays.

        Raises:
            ResultError: they cannot be written.
        """
        try:
            for inputs in stages:
                path = self._folder / f"{inputs.fingerprint}.json"
                # Under this name no other contents count: what is there and wrong is made anew.
                if not path.is_file() or path.read_bytes() != inputs.data:
                    write_atomically(path, inputs.data)
        except OSError as error:
            raise ResultError(
                f"what results are made from could not be kept: {place_of(error, self._folder)} cannot be "
                f"used, because {reason_of(error)}. All records are kept.",
                hint=remedy_of(error),
            ) from error

    def find(self, start: str) -> Inputs | None:
        """The inputs whose fingerprint begins so; None if they are not there, or not what their name says."""
        if not start.isalnum():  # records of strangers may have any text there
            return None
        for path in sorted(self._folder.glob(f"{start}*.json")):
            if inputs := read_inputs(path):
                return inputs
        return None


def read_inputs(path: Path) -> Inputs | None:
    """The inputs in a file; None where it cannot be read or does not have what its name says."""
    try:
        data = path.read_bytes()
        if hash_bytes(data) != path.stem:
            return None
        document = json.loads(data)
        return Inputs(str(document["kind"]), dict(document["parts"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
