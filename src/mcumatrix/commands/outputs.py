"""Files that a command is asked to write besides what it prints."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from mcumatrix.artifact import write_atomically


def write_outputs(
    paths: Mapping[str, str], render: Callable[[str], bytes], say: Callable[[str], None]
) -> None:
    """Writes what `render` makes of each kind to its path, where there is one, and says the path.

    Raises:
        OSError: it cannot be written.
    """
    for kind, path in paths.items():
        if path:
            write_atomically(Path(path), render(kind))
            say(os.path.relpath(path))
