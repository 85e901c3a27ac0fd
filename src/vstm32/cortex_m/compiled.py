"""Where numba keeps compiled code: in a folder for each state of the files that it was made from.

numba looks at the file of a function alone when it decides whether what it has compiled is current. The hooks
take constants from other files too, and would go on with old ones. To be imported before they are compiled.
"""

import hashlib
from pathlib import Path

from numba import config

_PACKAGE = Path(__file__).parents[1]
_SOURCES = ("cortex_m/native.py", "base/memory_map.py", "timing/m7_table.py")


def cache_folder(package: Path = _PACKAGE) -> Path:
    """The folder for the present contents of the sources; below numba's own setting, if there is one."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update((package / name).read_bytes())
    root = Path(config.CACHE_DIR) if config.CACHE_DIR else package / "__pycache__"
    return root / f"compiled-{digest.hexdigest()[:16]}"


config.CACHE_DIR = str(cache_folder())
